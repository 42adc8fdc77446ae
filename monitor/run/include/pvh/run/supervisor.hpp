// What every run needs besides a guest: the user's console, signals, the time limit, and the watch for a
// panic. An engine feeds it the guest's output, has it in its event loop, and stops when it says so.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "pvh/base/error.hpp"
#include "pvh/run/console.hpp"
#include "pvh/run/outcome.hpp"
#include "pvh/run/panic_watch.hpp"
#include "pvh/run/pausable.hpp"
#include "pvh/run/signals.hpp"
#include "pvh/system/event_loop.hpp"

namespace pvh::run {

class Supervisor final : public system::EventSource {
 public:
  using Clock = std::chrono::steady_clock;

  /// The time limit counts from now.
  Supervisor(int input, int output, std::optional<std::chrono::milliseconds> limit);

  /// The guest's output; at most `room()` bytes at once.
  [[nodiscard]] std::size_t room() const { return console_.room(); }
  void print(Bytes output);
  /// What was typed for the guest, and the forgetting of what it has got.
  [[nodiscard]] Bytes typed() const { return console_.typed(); }
  void delivered(std::size_t count) { console_.delivered(count); }

  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  /// All that it may still use besides what it was given; -1 for what it does not.
  [[nodiscard]] std::array<int, Console::kWaits + 1> descriptors() const;
  /// It is decided how the run ends: the time limit and a panic's silence wake nobody any more.
  void stop_alarms() { alarms_ = false; }

  /// Why the run has to end, where it has: time limit, user, or a guest that panicked and stopped.
  [[nodiscard]] std::optional<Outcome> verdict() const;
  /// That the guest's output could not be written, where it is not merely that nobody reads it any more: the
  /// run has failed then, however the guest ended.
  [[nodiscard]] std::optional<Error> output_error() const;
  /// Whether the guest's output so far ends within a line.
  [[nodiscard]] bool mid_line() const { return panic_watch_.mid_line(); }
  /// Paused around a stop of this process by SIGTSTP. Outlives the run.
  void pauses(Pausable& machine) { machine_ = &machine; }
  /// What the guest said when it panicked, where that is the last that it did.
  [[nodiscard]] const std::optional<std::string>& panic() const { return panic_watch_.panic(); }

  /// Writes out what the guest has said, waiting for a slow reader until the time limit, a signal or Ctrl-A
  /// x; after one of these, kPatience longer. False where something is left that nobody took.
  bool flush();
  static constexpr std::chrono::milliseconds kPatience{1000};

  [[nodiscard]] std::chrono::milliseconds elapsed() const;

 private:
  void take_signals();
  void stand_still();
  [[nodiscard]] bool past_deadline() const { return deadline_ && Clock::now() >= *deadline_; }

  Signals signals_;  // first, so that it ends last: the terminal is restored before a signal can strike
  Console console_;
  PanicWatch panic_watch_;
  Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> deadline_;
  int end_signal_ = 0;
  bool alarms_ = true;
  Pausable* machine_ = nullptr;
};

}  // namespace pvh::run
