#include "pvh/run/panic_watch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "pvh/base/address.hpp"

namespace pvh::run {

namespace {

constexpr std::string_view kPanic = "Kernel panic - not syncing";
constexpr std::string_view kFinalLine = "---[ end Kernel panic - not syncing";
/// Before there is anything to panic with: said without a time, and then the CPU halts for good.
constexpr std::string_view kEarlyPanic = "PANIC: early exception";
constexpr std::string_view kOrderlyReset = "reboot: Restarting system";

/// A line is told by its beginning; a guest that never ends one costs no more memory than this.
constexpr std::size_t kLongestLine = 512;

/// Registers and call traces of a panic on many CPUs are shorter than this.
constexpr std::uint64_t kLongestPanic = 256 * kKiB;

/// "[    1.234567] …", with the log level "<4>" before it on some consoles; or the beginning of such a line.
bool may_be_kernel_line(std::string_view line) {
  if (line.starts_with('<')) {
    const auto end = line.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos) return true;
    if (line[end] != '>') return false;
    line.remove_prefix(end + 1);
    if (line.empty()) return true;
  }
  if (!line.starts_with('[')) return false;
  const auto digit = line.find_first_not_of(' ', 1);
  return digit == std::string_view::npos || (line[digit] >= '0' && line[digit] <= '9');
}

/// `line` without the kernel's own beginnings: "<4>", "[    1.234567]", "[    T1]".
std::string_view without_prefix(std::string_view line) {
  if (!may_be_kernel_line(line)) return line;
  if (const auto level_end = line.find('>'); line.starts_with('<') && level_end != std::string_view::npos)
    line.remove_prefix(level_end + 1);
  while (line.starts_with('[')) {
    const auto end = line.find(']');
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  }
  return line;
}

/// Where a kernel's message begins with `words`: it may follow a prompt without a line end, but then its time
/// stands before it. Somebody else's words about a panic are none: `grep` puts a file's name there.
std::size_t find_message(std::string_view line, std::string_view words) {
  if (const auto message = without_prefix(line); message.starts_with(words))
    return line.size() - message.size();
  const auto at = line.find(words);
  const bool after_time = at != std::string_view::npos && line.substr(0, at).ends_with("] ");
  const auto time = line.substr(0, at).rfind(" [");
  return after_time && time != std::string_view::npos && may_be_kernel_line(line.substr(time + 1))
             ? at
             : std::string_view::npos;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace

void PanicWatch::feed(Bytes output, Clock::time_point now) {
  if (output.empty()) return;
  last_output_ = now;
  for (const char character : as_text(output)) take(character);
  if (panic_) {
    bytes_since_panic_ += output.size();
    if (bytes_since_panic_ > kLongestPanic) {
      panic_.reset();
      final_line_seen_ = false;
    }
  }
  // A prompt has no line end. What follows the last line and is none of the kernel's shows that the guest
  // lives.
  if (final_line_seen_ && !is_blank(line_) && !may_be_kernel_line(line_)) {
    panic_.reset();
    final_line_seen_ = false;
  }
}

std::optional<PanicWatch::Clock::time_point> PanicWatch::stopped_at() const {
  if (!final_line_seen_) return std::nullopt;
  return last_output_ + kSilence;
}

void PanicWatch::take(char character) {
  switch (sequence_) {
    case Sequence::kEscape:
      sequence_ = character == '[' ? Sequence::kControl : Sequence::kNone;
      return;
    case Sequence::kControl:
      if (character >= '@' && character <= '~') sequence_ = Sequence::kNone;
      return;
    case Sequence::kNone:
      break;
  }
  if (character == '\x1b') {
    sequence_ = Sequence::kEscape;
  } else if (character == '\n' || character == '\r') {
    end_line();
  } else if (line_.size() < kLongestLine) {
    line_.push_back(character);
  }
}

void PanicWatch::end_line() {
  const std::string line = std::exchange(line_, {});
  if (is_blank(line)) return;
  if (without_prefix(line).starts_with(kFinalLine)) {
    final_line_seen_ = panic_.has_value();
    return;
  }
  const bool is_early = line.starts_with(kEarlyPanic);
  if (const auto at = is_early ? 0 : find_message(line, kPanic); at != std::string::npos) {
    panic_ = line.substr(at);
    bytes_since_panic_ = 0;
    final_line_seen_ = is_early;
    return;
  }
  if (line.contains(kOrderlyReset) || (final_line_seen_ && !may_be_kernel_line(line))) {
    panic_.reset();
    final_line_seen_ = false;
  }
}

}  // namespace pvh::run
