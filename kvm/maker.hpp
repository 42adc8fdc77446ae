// Makes a virtual machine in a thread of its own, so that it gets ready while its guest is still being
// planned: KVM takes longer for it than a plan takes us.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

/// Begins at once. The thread afterwards is the first CPU's: to start it again would take time.
class Maker {
 public:
  explicit Maker(const MonitorOptions& options);
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  /// Also in the middle of the making.
  ~Maker();

  /// Waits for the machine, which has no memory yet: to give it some is the caller's, and goes on beside the
  /// making of its CPUs.
  [[nodiscard]] Result<Vm*> vm();
  /// Waits for its CPUs, which have their CPUID and are as after a reset. Where the options say so, the
  /// thread is confined by then.
  [[nodiscard]] Result<std::span<Vcpu>> cpus();

  /// What the thread does next, and last. Once, after `cpus`. Then the thread is the caller's to join.
  [[nodiscard]] std::thread hand_over(std::function<void()> work);

 private:
  void make();
  [[nodiscard]] Result<void> make_machine();
  [[nodiscard]] Result<void> make_cpus(const System& system);

  MonitorOptions options_;

  // Written by the thread before it releases the semaphore that follows them, read after.
  std::optional<Vm> vm_;
  std::binary_semaphore vm_made_{0};
  std::vector<Vcpu> cpus_;
  std::optional<Error> error_;
  std::binary_semaphore cpus_made_{0};
  bool vm_seen_ = false;
  bool cpus_seen_ = false;

  std::function<void()> work_;
  std::binary_semaphore handed_over_{0};
  std::thread thread_;
};

}  // namespace pvh::kvm
