// The board's virtio devices on the virtual machine: registers on the bus, notifications by ioeventfd,
// interrupts by irqfd, and the one thread that serves them, where they need one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include "bus.hpp"
#include "guest_memory.hpp"
#include "interrupts.hpp"
#include "placement.hpp"
#include "pvh/base/error.hpp"
#include "pvh/system/event_loop.hpp"
#include "pvh/virtio/transport.hpp"
#include "pvh/virtio/worker.hpp"
#include "system.hpp"

namespace pvh::kvm {

class VirtioSlots {
 public:
  using Devices = std::span<const std::unique_ptr<virtio::Device>>;

  /// Device i in slot board::kFirstVirtioSlot + i. All of these outlive it.
  VirtioSlots(Devices devices, const GuestMemory& memory);
  VirtioSlots(const VirtioSlots&) = delete;
  VirtioSlots& operator=(const VirtioSlots&) = delete;
  ~VirtioSlots() { stop(); }

  /// After `start`, before the first CPU runs. A device gets its notifications and interrupts of `vm` when
  /// its driver first starts it, since that costs time that a guest without such a driver need not wait for.
  [[nodiscard]] Result<void> connect(Vm& vm);
  void attach(Bus& memory);
  /// `failed` is called, on a CPU's thread, where the host could not connect a device.
  void on_failure(std::function<void(const Error&)> failed) { failed_ = std::move(failed); }

  /// What they have of the process's descriptors, once they are connected.
  [[nodiscard]] std::vector<int> descriptors() const;

  /// Where a device wants it, serves them all on a thread of its own until `stop`. `confine`: this one, and
  /// those that the devices make, give up what they do not need before they look at the guest's memory.
  [[nodiscard]] Result<void> start(bool confine);
  /// Else `loop`, which is the caller's, serves them.
  void join(system::EventLoop& loop);
  /// Around a pause of the machine: returns once the devices are quiet.
  void pause();
  void resume();
  /// Stops the devices, on the thread that serves them, and ends that thread. No CPU runs any more.
  void stop();

  /// The guest's CPUs hear of these lines, from now on or otherwise than before: what a device signalled in
  /// between may be lost.
  void routed(std::span<const Route> routes);

 private:
  class Slot;
  void confine_this_thread();
  [[nodiscard]] Result<void> connect(Slot& slot);

  /// A transport on the bus.
  class Slot final : public Device {
   public:
    Slot(VirtioSlots& slots, std::size_t number, virtio::Device& device, const virtio::GuestMemory& memory)
        : slots_(slots), number_(number), transport_(device, memory) {}
    void read(std::uint64_t offset, std::span<std::byte> out) override { transport_.read(offset, out); }
    void write(std::uint64_t offset, Bytes in) override;
    [[nodiscard]] virtio::Transport& transport() { return transport_; }
    [[nodiscard]] std::size_t number() const { return number_; }

   private:
    VirtioSlots& slots_;
    std::size_t number_;
    std::once_flag connected_;
    virtio::Transport transport_;
  };

  virtio::GuestMemory memory_;
  Vm* vm_ = nullptr;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<virtio::Worker> worker_;
  Placement placement_;
  std::thread thread_;
  std::binary_semaphore settled_{0};
  std::mutex error_mutex_;
  std::optional<Error> error_;  ///< of the threads' confinement
  std::function<void(const Error&)> failed_ = [](const Error&) {};
};

}  // namespace pvh::kvm
