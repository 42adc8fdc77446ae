// A device behind the registers of virtio over MMIO, version 2 (virtio 1.2, 4.2).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "pvh/system/event.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

/// The registers, the queues' places and the state of one device. The guest's side may be called by every
/// CPU's thread at any time, the worker's by one thread.
class Transport final : private Driver, public system::EventSource {
 public:
  static constexpr std::uint64_t kSize = 0x200;
  /// A write of a queue's number here is a notification: what an ioeventfd may take in our place.
  static constexpr std::uint64_t kNotifyRegister = 0x50;
  /// A write here may start the device: from then on it notifies and is interrupted.
  static constexpr std::uint64_t kStatusRegister = 0x70;

  /// Both outlive it.
  Transport(Device& device, const GuestMemory& memory);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  /// Stops the device.
  ~Transport() override;

  /// errno of the first descriptor that the host did not give; 0 where it gave all.
  [[nodiscard]] int descriptor_error() const {
    return interrupt_.valid() ? notified_.error() : interrupt_.error();
  }

  // The guest's side. Accesses that no driver makes read as what `out` holds, and do nothing.
  void read(std::uint64_t offset, std::span<std::byte> out);
  void write(std::uint64_t offset, Bytes in);

  // The virtual machine's side: eventfds.
  [[nodiscard]] bool wants_thread() const { return device_.wants_thread(); }
  [[nodiscard]] unsigned queue_count() const { return static_cast<unsigned>(queues_.size()); }
  /// To be signalled when the guest notifies of `queue`.
  [[nodiscard]] int notification_descriptor(unsigned queue) const;
  /// Signalled to interrupt the guest.
  [[nodiscard]] int interrupt_descriptor() const override { return interrupt_.descriptor(); }
  /// The guest's CPUs hear of the device's interrupt again: tells them what they may have missed.
  void interrupt_again();

  /// All that it and its device have of the process's.
  [[nodiscard]] std::vector<int> descriptors() const;

  // The worker's side.
  void settle(const std::function<void()>& confine);
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  /// Around a pause of the machine (Device::pause).
  void pause();
  void resume();
  /// Stops the device for good: whatever the guest does later, it does not start again. May wait for the
  /// host, so only a thread calls it that may make the device's system calls.
  void stop();

 private:
  struct QueueState {
    QueuePlace place = {.size = kMaxQueueSize};
    std::optional<Queue> queue;
  };

  // Driver, for the device: `mutex_` is held.
  [[nodiscard]] std::uint64_t features() const override { return driver_features_; }
  [[nodiscard]] const GuestMemory& memory() const override { return memory_; }
  [[nodiscard]] Queue* queue(unsigned index) override;
  void publish(unsigned queue) override;
  void config_changed() override;
  void broken() override;
  void again() override { notified_.signal(); }

  [[nodiscard]] std::uint32_t read_register(std::uint64_t offset);
  void write_register(std::uint64_t offset, std::uint32_t value);
  void write_queue_register(std::uint64_t offset, std::uint32_t value);
  void notify(std::uint32_t queue);
  void set_status(std::uint32_t value);
  void set_ready(QueueState& state, bool ready);
  void accept_features();
  void start();
  void reset();
  void raise(std::uint32_t bits);
  [[nodiscard]] bool alive() const { return started_ && !broken_; }

  Device& device_;
  const GuestMemory& memory_;
  system::Event interrupt_;
  system::Event notified_;
  std::atomic<std::uint32_t> interrupt_status_ = 0;

  std::mutex mutex_;  // what follows, and the device
  std::vector<QueueState> queues_;
  std::uint64_t driver_features_ = 0;
  std::uint32_t device_features_half_ = 0;
  std::uint32_t driver_features_half_ = 0;
  std::uint32_t selected_ = 0;
  std::uint32_t status_ = 0;
  std::uint32_t generation_ = 0;
  bool started_ = false;
  bool broken_ = false;
  bool ended_ = false;  ///< `stop` was called
};

}  // namespace pvh::virtio
