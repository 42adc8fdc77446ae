#include "pvh/run/supervisor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>

namespace pvh::run {

namespace {

/// How soon a run is noticed to have come to the foreground.
constexpr std::chrono::milliseconds kTerminalLook{200};

}  // namespace

Supervisor::Supervisor(int input, int output, std::optional<std::chrono::milliseconds> limit)
    : console_(input, output) {
  // A limit beyond the clock's own end is none.
  const auto longest =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::time_point::max() - start_);
  if (limit && *limit < longest) deadline_ = start_ + *limit;
}

void Supervisor::print(Bytes output) {
  panic_watch_.feed(output, Clock::now());
  console_.print(output);
}

void Supervisor::prepare(std::span<pollfd, kPolled> polled) {
  console_.prepare(polled.first<Console::kPolled>());
  polled[Console::kPolled] = {.fd = signals_.descriptor(), .events = POLLIN, .revents = 0};
}

void Supervisor::serve(std::span<const pollfd, kPolled> polled) {
  console_.serve(polled.first<Console::kPolled>());
  if (polled[Console::kPolled].revents != 0) take_signals();
}

void Supervisor::take_signals() {
  while (const auto signal = signals_.next()) {
    if (*signal == SIGTSTP) {
      before_stop_();
      console_.suspend();
      ::raise(SIGSTOP);  // stands still here until someone continues us
      console_.resume();
      after_stop_();
    } else if (*signal == SIGCONT) {
      console_.resume();
    } else {
      end_signal_ = *signal;
    }
  }
}

std::array<int, Supervisor::kPolled> Supervisor::descriptors() const {
  const auto [input, output] = console_.descriptors();
  return {input, output, signals_.descriptor()};
}

std::optional<Supervisor::Clock::time_point> Supervisor::wake_at() const {
  std::optional<Clock::time_point> first = deadline_;
  const auto consider = [&first](Clock::time_point when) { first = first ? std::min(*first, when) : when; };
  if (const auto stopped = panic_watch_.stopped_at()) consider(*stopped);
  if (console_.waits_for_terminal()) consider(Clock::now() + kTerminalLook);
  return first;
}

void Supervisor::around_stop(std::function<void()> before, std::function<void()> after) {
  before_stop_ = std::move(before);
  after_stop_ = std::move(after);
}

std::optional<Error> Supervisor::output_error() const {
  const int reason = console_.unread_reason();
  // EIO: a terminal that was closed.
  if (reason == 0 || reason == EPIPE || reason == ECONNRESET || reason == EIO) return std::nullopt;
  return Error{.what = Fault::kOutputFailed, .found = std::string(std::strerror(reason))};
}

std::optional<Outcome> Supervisor::verdict() const {
  if (end_signal_ != 0) return Outcome{.ending = Ending::kEnded, .detail = {}, .signal = end_signal_};
  if (console_.end_asked()) return Outcome{.ending = Ending::kEnded, .detail = {}};
  if (console_.unread())
    return Outcome{
        .ending = Ending::kEnded, .detail = "nobody reads the guest's output any more", .signal = SIGPIPE};
  if (const auto stopped = panic_watch_.stopped_at(); stopped && Clock::now() >= *stopped)
    return Outcome{.ending = Ending::kPanic, .detail = panic().value_or("")};
  if (past_deadline()) return Outcome{.ending = Ending::kTimeLimit, .detail = {}};
  return std::nullopt;
}

bool Supervisor::flush() {
  std::optional<Clock::time_point> give_up;
  while (!console_.printed()) {
    const bool hurried = end_signal_ != 0 || console_.end_asked() || past_deadline();
    if (hurried && !give_up) give_up = Clock::now() + kPatience;
    if (give_up && Clock::now() >= *give_up) return false;
    std::array<pollfd, kPolled> polled;
    prepare(polled);
    if (::poll(polled.data(), polled.size(), poll_timeout(give_up ? give_up : deadline_)) > 0) serve(polled);
  }
  return true;
}

std::chrono::milliseconds Supervisor::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_);
}

int poll_timeout(std::optional<Supervisor::Clock::time_point> when) {
  if (!when) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*when - Supervisor::Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace pvh::run
