// One thread's work for all devices of a machine: waits for what any of them waits for, and serves it.
#pragma once

#include <atomic>
#include <functional>
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
  /// Until `stop`, which another thread calls.
  void run();
  void stop();

 private:
  std::vector<Transport*> transports_;
  engine::Event event_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace pvh::virtio
