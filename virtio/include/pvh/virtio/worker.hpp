// The work for all devices of a machine: waits for what any of them waits for, and serves it. On a thread of
// its own by `run`, or as a part of another's loop by `prepare` and `serve`.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "pvh/engine/event.hpp"
#include "pvh/virtio/transport.hpp"

namespace pvh::virtio {

class Worker {
 public:
  /// They outlive it.
  explicit Worker(std::vector<Transport*> transports) : transports_(std::move(transports)) {}

  [[nodiscard]] bool valid() const { return event_.valid(); }

  [[nodiscard]] int descriptor() const { return event_.descriptor(); }

  /// On its thread. Gets for the devices what may not be got once threads are confined, and confines this one
  /// and those that they make.
  void settle(const std::function<void()>& confine);

  /// Adds what the devices wait for, and says when to serve them at the latest.
  [[nodiscard]] std::optional<Device::Clock::time_point> prepare(std::vector<pollfd>& polled);
  /// With what `prepare` added; `late`: nothing came until then.
  void serve(std::span<const pollfd> polled, bool late);

  /// Until `stop`, which another thread calls.
  void run();
  void stop();

 private:
  std::vector<Transport*> transports_;
  std::vector<std::size_t> first_;  ///< where a transport's part begins of what `prepare` added
  engine::Event event_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace pvh::virtio
