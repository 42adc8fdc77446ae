// One loop for everything that a thread waits for: descriptors, and times.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace pvh::system {

/// What one source waits for in one turn of the loop.
class Waits {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  explicit Waits(std::vector<pollfd>& polled) : polled_(polled) {}

  /// Waits for `events` (POLLIN, POLLOUT) of `descriptor`; below 0, for nothing.
  void on(int descriptor, short events) {
    polled_.push_back({.fd = descriptor, .events = events, .revents = 0});
  }
  /// Waits until `when` at the latest. Of several, the earliest counts.
  void until(Time when) { when_ = when_ ? std::min(*when_, when) : when; }

  [[nodiscard]] std::optional<Time> when() const { return when_; }

 private:
  std::vector<pollfd>& polled_;
  std::optional<Time> when_;
};

/// What happened to what a source waits for: an element for each `Waits::on`, in that order.
using Ready = std::span<const pollfd>;

/// A part of a loop.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// Before each turn: what this waits for.
  virtual void prepare(Waits& waits) = 0;
  /// Something happened that it waits for, or its time has come. Returns after a bounded amount of work.
  virtual void serve(Ready ready) = 0;
};

class EventLoop {
 public:
  /// Served in the order in which they were added. They outlive the loop; none is added during a turn.
  void add(EventSource& source) { sources_.push_back(&source); }

  /// Waits once, at most until `limit`, and serves the sources for which something happened. A signal may end
  /// the wait.
  void turn(std::optional<Waits::Time> limit = std::nullopt);

 private:
  /// A source's part of what is polled.
  struct Part {
    std::size_t first;
    std::size_t count;
    std::optional<Waits::Time> when;
  };

  std::vector<EventSource*> sources_;
  std::vector<pollfd> polled_;
  std::vector<Part> parts_;
};

/// For poll(): milliseconds until `when`, rounded up; -1 for never.
[[nodiscard]] int poll_timeout(std::optional<Waits::Time> when);

}  // namespace pvh::system
