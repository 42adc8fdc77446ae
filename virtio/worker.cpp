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

std::optional<Clock::time_point> Worker::prepare(std::vector<pollfd>& polled) {
  const std::size_t before = polled.size();
  first_.clear();
  std::optional<Clock::time_point> wake_at;
  for (Transport* transport : transports_) {
    first_.push_back(polled.size() - before);
    const auto when = transport->prepare(polled);
    if (when && (!wake_at || *when < *wake_at)) wake_at = when;
  }
  first_.push_back(polled.size() - before);
  return wake_at;
}

void Worker::serve(std::span<const pollfd> polled, bool late) {
  for (std::size_t i = 0; i < transports_.size() && !stopping_; ++i) {
    const auto part = polled.subspan(first_[i], first_[i + 1] - first_[i]);
    const bool any = std::ranges::any_of(part, [](const pollfd& one) { return one.revents != 0; });
    // A time that has come is the business of whoever set it; the others are asked in vain, and seldom.
    if (any || late) transports_[i]->serve(part);
  }
}

void Worker::run() {
  std::vector<pollfd> polled;
  while (!stopping_) {
    polled.assign(1, {.fd = event_.descriptor(), .events = POLLIN, .revents = 0});
    const auto wake_at = prepare(polled);
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(wake_at));
    if (ready >= 0) serve(std::span(polled).subspan(1), ready == 0);
  }
}

void Worker::stop() {
  stopping_ = true;
  event_.signal();
}

}  // namespace pvh::virtio
