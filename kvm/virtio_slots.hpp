// The board's virtio devices on the virtual machine: registers on the bus, notifications by ioeventfd,
// interrupts by irqfd, and the one thread that serves them.
#pragma once

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
#include "pvh/base/error.hpp"
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

  [[nodiscard]] bool empty() const { return slots_.empty(); }
  /// After `start`, and before the first CPU runs: from then on it would take longer.
  [[nodiscard]] Result<void> connect(Vm& vm);
  void attach(Bus& memory);

  /// What they have of the process's descriptors, once they are connected.
  [[nodiscard]] std::vector<int> descriptors() const;

  /// Serves the devices on a thread of its own until `stop`. `confine`: this one, and those that the devices
  /// make, give up what they do not need before they look at the guest's memory.
  [[nodiscard]] Result<void> start(bool confine);
  void stop();

  /// The guest's CPUs hear of these lines, from now on or otherwise than before: what a device signalled in
  /// between may be lost.
  void routed(std::span<const Route> routes);

 private:
  void confine_this_thread();

  /// A transport on the bus.
  class Slot final : public Device {
   public:
    Slot(virtio::Device& device, const virtio::GuestMemory& memory) : transport_(device, memory) {}
    void read(std::uint64_t offset, std::span<std::byte> out) override { transport_.read(offset, out); }
    void write(std::uint64_t offset, Bytes in) override { transport_.write(offset, in); }
    [[nodiscard]] virtio::Transport& transport() { return transport_; }

   private:
    virtio::Transport transport_;
  };

  virtio::GuestMemory memory_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<virtio::Worker> worker_;
  std::thread thread_;
  std::binary_semaphore settled_{0};
  std::mutex error_mutex_;
  std::optional<Error> error_;  ///< of the threads' confinement
};

}  // namespace pvh::kvm
