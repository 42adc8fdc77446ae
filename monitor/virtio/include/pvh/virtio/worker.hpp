// The work for all devices of a machine: waits for what any of them waits for, and serves it. On a thread of
// its own by `run`, or as sources of another thread's loop by `join`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "pvh/system/event.hpp"
#include "pvh/system/event_loop.hpp"
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

  /// Has `loop` serve the devices, on that loop's thread.
  void join(system::EventLoop& loop);

  /// Serves the devices until another thread calls `stop`, then stops them. A device ends its work on the
  /// thread that began it: the filters of the other threads do not allow the system calls that this takes.
  void run();
  void stop();
  /// For a caller that serves the devices in its own loop: stops them, on the calling thread.
  void stop_devices();

  /// From another thread than that of `run`: returns once the devices are quiet (Device::pause), until
  /// `resume`. Does nothing after `stop`.
  void pause();
  void resume();
  /// The same for a caller that serves the devices in its own loop.
  void pause_devices();
  void resume_devices();

 private:
  enum class State : std::uint8_t { kServing, kPausing, kPaused };

  void stand_still();

  std::vector<Transport*> transports_;
  system::Event event_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kServing;
  bool ended_ = false;  ///< `run` returns: nobody is there to pause
};

}  // namespace pvh::virtio
