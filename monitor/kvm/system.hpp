// The owners of KVM's descriptors, and the calls on them. No decisions are made here.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "interrupts.hpp"
#include "pvh/base/address.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/system/host_error.hpp"

namespace pvh::kvm {

inline constexpr const char* kDevice = "/dev/kvm";

/// KVM's interface has had this version since 2007; the rest is asked for by extension.
inline constexpr int kApiVersion = 12;

/// What adding memory is called where it fails.
inline constexpr const char* kAddMemory = "memory for a virtual machine (KVM_SET_USER_MEMORY_REGION)";

/// Three pages in the board's device window, where nothing else lies: where some processors keep a task state
/// segment for the emulation of real mode.
inline constexpr GuestAddress kScratch{0xfffbd000};

/// A piece of guest memory as KVM wants it described.
[[nodiscard]] kvm_userspace_memory_region memory_region(std::uint32_t slot, const GuestRange& range,
                                                        std::span<std::byte> host);

using system::host_error;

/// One virtual CPU. `run` belongs to one thread; `interrupt` may come from another.
class Vcpu {
 public:
  Vcpu(UniqueFd fd, std::uint32_t id, void* shared, std::size_t shared_size);
  Vcpu(Vcpu&& other) noexcept;
  Vcpu& operator=(Vcpu&&) = delete;
  Vcpu(const Vcpu&) = delete;
  Vcpu& operator=(const Vcpu&) = delete;
  ~Vcpu();

  [[nodiscard]] std::uint32_t id() const { return id_; }
  [[nodiscard]] int descriptor() const { return fd_.get(); }

  [[nodiscard]] Result<void> set_cpuid(std::span<const kvm_cpuid_entry2> entries);
  [[nodiscard]] Result<kvm_sregs> special_registers() const;
  [[nodiscard]] Result<void> set_special_registers(const kvm_sregs& registers);
  [[nodiscard]] Result<kvm_regs> registers() const;
  [[nodiscard]] Result<void> set_registers(const kvm_regs& registers);
  /// How many of `entries`, from the first on, this host's KVM took.
  int set_msrs(std::span<const kvm_msr_entry> entries);
  /// The physical address behind a linear one; nothing where it is not mapped.
  [[nodiscard]] std::optional<GuestAddress> translate(std::uint64_t linear) const;

  /// Whether it has been started: other CPUs than the first wait for that.
  [[nodiscard]] bool started() const;

  /// Runs the guest until it needs us. 0, and `exit()` tells why; or errno: EINTR and EAGAIN are nothing bad.
  [[nodiscard]] int run();
  [[nodiscard]] kvm_run& exit() { return *shared_; }
  /// The data of an access to I/O ports: all of it, for all of its repetitions.
  [[nodiscard]] std::span<std::byte> port_data();
  /// The next `run` returns at once, and so does one that is under way once its thread gets a signal.
  void interrupt();
  /// Takes an `interrupt` back: the next `run` enters the guest. On the thread that runs it.
  void proceed();

 private:
  UniqueFd fd_;
  std::uint32_t id_;
  kvm_run* shared_;
  std::size_t shared_size_;
};

/// One virtual machine.
class Vm final : public MessageSink {
 public:
  Vm(UniqueFd fd, std::size_t shared_size) : fd_(std::move(fd)), shared_size_(shared_size) {}

  [[nodiscard]] int descriptor() const { return fd_.get(); }

  [[nodiscard]] Result<void> add_memory(std::uint32_t slot, const GuestRange& range,
                                        std::span<std::byte> host);
  [[nodiscard]] Result<Vcpu> create_vcpu(std::uint32_t id);
  /// One that was created already.
  [[nodiscard]] Result<Vcpu> adopt_vcpu(UniqueFd fd, std::uint32_t id) const;
  /// A signal on the eventfd becomes the interrupt that the line is routed to; nothing while it is not.
  [[nodiscard]] Result<void> interrupt_by(int eventfd, std::uint32_t line);
  /// The guest's write of this number, of 32 bits, there signals the eventfd and does not come to us.
  [[nodiscard]] Result<void> signal_on_write(int eventfd, GuestAddress address, std::uint32_t value);

  void deliver(const Message& message) override;
  void route(std::span<const Route> routes) override;

 private:
  UniqueFd fd_;
  std::size_t shared_size_;
};

/// What errno says of a /dev/kvm that cannot be opened, and an interface that is not of version kApiVersion.
[[nodiscard]] Error open_error(int error_number);
[[nodiscard]] Error version_error(int found);

/// The host's KVM.
class System {
 public:
  /// Of an open /dev/kvm (`take_first_steps`). Fails where it lacks an extension that this monitor needs.
  [[nodiscard]] static Result<System> adopt(UniqueFd fd);

  [[nodiscard]] int extension(int number) const;
  [[nodiscard]] Result<std::vector<kvm_cpuid_entry2>> supported_cpuid() const;
  /// One that was created already.
  [[nodiscard]] Result<Vm> adopt_vm(UniqueFd fd) const;

 private:
  explicit System(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace pvh::kvm
