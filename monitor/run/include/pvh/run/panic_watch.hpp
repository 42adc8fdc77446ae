// Reads along on the guest's console and tells when its kernel has panicked. Linux says so in a line, and
// then by default stops for ever: nothing else would end such a run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "pvh/base/bytes.hpp"

namespace pvh::run {

/// Pure: fed with the guest's output and the time; keeps one line of bounded length.
class PanicWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// After the last line of a panic, so long a silence means that the guest has stopped. Someone who only
  /// reads an old log gets a prompt sooner. A script that prints an old log to its very end and then waits
  /// for longer looks the same as a panic: it has to print something of its own after it.
  static constexpr std::chrono::seconds kSilence{2};

  void feed(Bytes output, Clock::time_point now);

  /// What the kernel said when it panicked, where that is the last that it did: "Kernel panic - not syncing:
  /// …".
  [[nodiscard]] const std::optional<std::string>& panic() const { return panic_; }

  /// Whether the output so far ends within a line.
  [[nodiscard]] bool mid_line() const { return !line_.empty(); }

  /// When the guest counts as stopped unless it says more; nothing while it is alive.
  [[nodiscard]] std::optional<Clock::time_point> stopped_at() const;

 private:
  void take(char character);
  void end_line();

  enum class Sequence : std::uint8_t {
    kNone,
    kEscape,
    kControl
  };  ///< of ANSI: nothing that a line consists of

  std::string line_;
  Sequence sequence_ = Sequence::kNone;
  std::uint64_t bytes_since_panic_ = 0;
  std::optional<std::string> panic_;
  bool final_line_seen_ = false;
  Clock::time_point last_output_;
};

}  // namespace pvh::run
