// What a device is to its transport, and what it has of its driver.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/system/event_loop.hpp"
#include "pvh/virtio/queue.hpp"

namespace pvh::virtio {

/// The driver, from the moment when it is ready until it resets the device.
class Driver {
 public:
  virtual ~Driver() = default;

  /// Features that both sides have accepted.
  [[nodiscard]] virtual std::uint64_t features() const = 0;
  [[nodiscard]] virtual const GuestMemory& memory() const = 0;
  /// Null where the driver has set up no such queue.
  [[nodiscard]] virtual Queue* queue(unsigned index) = 0;
  /// Shows the driver what was pushed on that queue, with an interrupt where it wants one.
  virtual void publish(unsigned queue) = 0;
  /// The configuration has changed.
  virtual void config_changed() = 0;
  /// The driver broke a queue: the device needs a reset, and is not called before it.
  virtual void broken() = 0;
  /// Has `serve` called again soon, after the other devices. For who would else go on without end.
  virtual void again() = 0;

  /// For a device whose queues someone else serves (vhost): an eventfd that interrupts the guest, and the one
  /// that the guest's notifications of `queue` come by.
  [[nodiscard]] virtual int interrupt_descriptor() const = 0;
};

/// A device. Its transport calls it, one call at a time, from several threads: it need not lock itself
/// against that. None of the calls may wait for the guest, and only `stop` for the host.
class Device {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Device() = default;

  /// The specification's number: 1 network, 2 block, 3 console, 4 entropy, 19 socket.
  [[nodiscard]] virtual std::uint32_t id() const = 0;
  /// All that it offers: kCommonFeatures too, unless who serves its rings cannot do them.
  [[nodiscard]] virtual std::uint64_t features() const = 0;
  [[nodiscard]] virtual unsigned queue_count() const = 0;
  /// Whether it moves or waits for so much that it is served apart from the user's terminal.
  [[nodiscard]] virtual bool wants_thread() const { return true; }
  /// A part of the configuration, anywhere in its 256 bytes; `out` holds zeros.
  virtual void read_config(std::uint64_t offset, std::span<std::byte> out) = 0;
  virtual void write_config(std::uint64_t /*offset*/, Bytes /*in*/) {}

  /// Once, on the worker's thread before it is confined: to get what may not be got later (threads, rings,
  /// descriptors). The guest may be running, and `start` may come before. `confine` is for each thread that
  /// the device makes to call.
  virtual void settle(const std::function<void()>& /*confine*/) {}
  /// Which of the process's descriptors it has, once it is settled.
  [[nodiscard]] virtual std::vector<int> descriptors() const { return {}; }

  /// The driver is ready; it stays valid until `stop`.
  virtual void start(Driver& driver) = 0;
  /// The driver resets the device (on a CPU's thread), or the machine ends (on the worker's): when this
  /// returns, nothing that it has begun touches guest memory any more. Both threads' lists of system calls
  /// must have what this needs (kvm/sandbox/calls.hpp).
  virtual void stop() = 0;

  /// On the worker's thread, while started: what it waits for besides notifications, and until when.
  virtual void prepare(system::Waits& /*waits*/) {}
  /// On the worker's thread, while started, when the guest has notified (any queue) or what it waits for may
  /// have come; `ready` is of what `prepare` waited for, none of it where there was no time for that.
  virtual void serve(system::Ready ready) = 0;

  /// Around a pause of the machine, on the worker's thread, while started: finishes what is under way, and
  /// from then on nothing that it has begun touches guest memory; then goes on as before. `serve` is not
  /// called between.
  virtual void pause() {}
  virtual void resume() {}

  /// For a device whose queues someone else serves: the eventfd for notifications of `queue`, valid from its
  /// making on; -1: the transport's own, which leads to `serve`.
  [[nodiscard]] virtual int notification_descriptor(unsigned /*queue*/) const { return -1; }
  /// Whether someone else signals Driver::interrupt_descriptor: the guest is then told of used buffers
  /// whenever it asks.
  [[nodiscard]] virtual bool interrupts_by_itself() const { return false; }
};

}  // namespace pvh::virtio
