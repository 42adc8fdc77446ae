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

int Worker::descriptor_error() const {
  if (!event_.valid()) return event_.error();
  for (const Transport* transport : transports_)
    if (const int error = transport->descriptor_error(); error != 0) return error;
  return 0;
}

void Worker::settle(const std::function<void()>& confine) {
  for (Transport* transport : transports_) transport->settle(confine);
  confine();
}

std::optional<Clock::time_point> Worker::prepare(std::vector<pollfd>& polled) {
  const std::size_t before = polled.size();
  parts_.clear();
  std::optional<Clock::time_point> wake_at;
  for (Transport* transport : transports_) {
    const std::size_t first = polled.size();
    const auto when = transport->prepare(polled);
    parts_.push_back({.first = first - before, .count = polled.size() - first, .timed = when.has_value()});
    if (when && (!wake_at || *when < *wake_at)) wake_at = when;
  }
  return wake_at;
}

void Worker::serve(std::span<const pollfd> polled) {
  for (std::size_t i = 0; i < transports_.size() && !stopping_; ++i) {
    const auto part = polled.subspan(parts_[i].first, parts_[i].count);
    const bool any = std::ranges::any_of(part, [](const pollfd& one) { return one.revents != 0; });
    // Whose time it is nobody remembers: who waits for one is asked too early where others keep us awake.
    if (any || parts_[i].timed) transports_[i]->serve(part);
  }
}

void Worker::run() {
  std::vector<pollfd> polled;
  while (!stopping_) {
    polled.assign(1, {.fd = event_.descriptor(), .events = POLLIN, .revents = 0});
    const auto wake_at = prepare(polled);
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(wake_at));
    if (ready >= 0) serve(std::span(polled).subspan(1));
  }
  stop_devices();
}

void Worker::stop_devices() {
  for (Transport* transport : transports_) transport->stop();
}

void Worker::stop() {
  stopping_ = true;
  event_.signal();
}

}  // namespace pvh::virtio
