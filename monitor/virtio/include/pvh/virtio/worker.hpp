// The work for all devices of a machine: waits for what any of them waits for, and serves it. On a thread of
// its own by `run`, or as a part of another's loop by `prepare` and `serve`.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "pvh/system/event.hpp"
#include "pvh/virtio/transport.hpp"

namespace pvh::virtio {

class Worker {
 public:
  /// They outlive it.
  explicit Worker(std::vector<Transport*> transports) : transports_(std::move(transports)) {}

  /// errno of the first descriptor that the host did not give, the transports' included; 0 where it gave all.
  [[nodiscard]] int descriptor_error() const;

  [[nodiscard]] int descriptor() const { return event_.descriptor(); }

  /// On its thread. Gets for the devices what may not be got once threads are confined, and confines this one
  /// and those that they make.
  void settle(const std::function<void()>& confine);

  /// Adds what the devices wait for, and says when to serve them at the latest.
  [[nodiscard]] std::optional<Device::Clock::time_point> prepare(std::vector<pollfd>& polled);
  /// With what `prepare` added.
  void serve(std::span<const pollfd> polled);

  /// Serves the devices until another thread calls `stop`, then stops them. A device ends its work on the
  /// thread that began it: the filters of the other threads do not allow the system calls that this takes.
  void run();
  void stop();
  /// For a caller that serves the devices in its own loop: stops them, on the calling thread.
  void stop_devices();

 private:
  /// What a transport has of what `prepare` added.
  struct Part {
    std::size_t first;
    std::size_t count;
    bool timed;  ///< it waits for a time, too
  };

  std::vector<Transport*> transports_;
  std::vector<Part> parts_;
  system::Event event_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace pvh::virtio
