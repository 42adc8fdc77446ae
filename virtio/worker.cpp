#include "pvh/virtio/worker.hpp"

#include <algorithm>

namespace pvh::virtio {

namespace {

using Clock = Device::Clock;

int milliseconds_until(std::optional<Clock::time_point> when) {
  if (!when) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

void Worker::settle(const std::function<void()>& confine) {
  for (Transport* transport : transports_) transport->settle(confine);
  confine();
}

void Worker::run() {
  std::vector<pollfd> polled;
  std::vector<std::size_t> first;  // where a transport's part of it begins
  std::vector<bool> timed;         // whether it waits for a time
  while (!stopping_) {
    polled.assign(1, {.fd = event_.descriptor(), .events = POLLIN, .revents = 0});
    first.clear();
    timed.clear();
    std::optional<Clock::time_point> wake_at;
    for (Transport* transport : transports_) {
      first.push_back(polled.size());
      const auto when = transport->prepare(polled);
      timed.push_back(when.has_value());
      if (when && (!wake_at || *when < *wake_at)) wake_at = when;
    }
    first.push_back(polled.size());
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(wake_at));
    if (ready < 0) continue;
    for (std::size_t i = 0; i < transports_.size() && !stopping_; ++i) {
      const auto part = std::span(polled).subspan(first[i], first[i + 1] - first[i]);
      const bool any = std::ranges::any_of(part, [](const pollfd& one) { return one.revents != 0; });
      // Whose time it is nobody remembers: who waits for one is asked too early where others keep us awake.
      if (any || timed[i]) transports_[i]->serve(part);
    }
  }
}

void Worker::stop() {
  stopping_ = true;
  event_.signal();
}

}  // namespace pvh::virtio
