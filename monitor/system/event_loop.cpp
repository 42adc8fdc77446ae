#include "pvh/system/event_loop.hpp"

#include <limits>

namespace pvh::system {

void EventLoop::turn(std::optional<Waits::Time> limit) {
  polled_.clear();
  parts_.clear();
  std::optional<Waits::Time> first = limit;
  for (EventSource* source : sources_) {
    const std::size_t begin = polled_.size();
    Waits waits(polled_);
    source->prepare(waits);
    parts_.push_back({.first = begin, .count = polled_.size() - begin, .when = waits.when()});
    if (waits.when()) first = first ? std::min(*first, *waits.when()) : waits.when();
  }
  // What a wait that failed left behind says nothing.
  if (::poll(polled_.data(), polled_.size(), poll_timeout(first)) < 0)
    for (pollfd& each : polled_) each.revents = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Part& part = parts_[i];
    const Ready ready = std::span(polled_).subspan(part.first, part.count);
    const bool happened = std::ranges::any_of(ready, [](const pollfd& one) { return one.revents != 0; });
    if (happened || (part.when && Waits::Clock::now() >= *part.when)) sources_[i]->serve(ready);
  }
}

int poll_timeout(std::optional<Waits::Time> when) {
  if (!when) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*when - Waits::Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace pvh::system
