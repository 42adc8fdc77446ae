#include "pvh/run/supervisor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace pvh::run {

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

void Supervisor::prepare(system::Waits& waits) {
  console_.prepare(waits);
  waits.on(signals_.descriptor(), POLLIN);
  if (!alarms_) return;
  if (deadline_) waits.until(*deadline_);
  if (const auto stopped = panic_watch_.stopped_at()) waits.until(*stopped);
}

void Supervisor::serve(system::Ready ready) {
  console_.serve(ready.first(Console::kWaits));
  if (ready[Console::kWaits].revents != 0) take_signals();
}

void Supervisor::take_signals() {
  while (const auto signal = signals_.next()) {
    if (*signal == SIGTSTP)
      stand_still();
    else if (*signal == SIGCONT)
      console_.resume();
    else
      end_signal_ = *signal;
  }
}

void Supervisor::stand_still() {
  if (machine_ != nullptr) machine_->pause();
  console_.suspend();
  ::raise(SIGSTOP);  // stands still here until someone continues us
  console_.resume();
  if (machine_ != nullptr) machine_->resume();
}

std::array<int, Console::kWaits + 1> Supervisor::descriptors() const {
  const auto [input, output] = console_.descriptors();
  return {input, output, signals_.descriptor()};
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
  system::EventLoop loop;
  loop.add(*this);
  std::optional<Clock::time_point> give_up;
  while (!console_.printed()) {
    const bool hurried = end_signal_ != 0 || console_.end_asked() || past_deadline();
    if (hurried && !give_up) {
      give_up = Clock::now() + kPatience;
      stop_alarms();
    }
    if (give_up && Clock::now() >= *give_up) return false;
    loop.turn(give_up);
  }
  return true;
}

std::chrono::milliseconds Supervisor::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_);
}

}  // namespace pvh::run
