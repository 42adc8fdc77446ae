#include "ending.hpp"

#include <fmt/format.h>

#include <csignal>
#include <string_view>

#include "commands.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

std::string signal_name(int number) {
  switch (number) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGQUIT:
      return "SIGQUIT";
    case SIGPIPE:
      return "SIGPIPE";
    default:
      return fmt::format("signal {}", number);
  }
}

std::string what_happened(const run::Outcome& outcome) {
  switch (outcome.ending) {
    case run::Ending::kPowerOff:
      return "the guest powered off";
    case run::Ending::kReboot:
      return "the guest asked for a reboot";
    case run::Ending::kPanic:
      return "the guest panicked";
    case run::Ending::kTripleFault:
      return "the guest crashed (triple fault)";
    case run::Ending::kCrash:
      return "the guest crashed";
    case run::Ending::kTimeLimit:
      return "the time limit ended the guest";
    case run::Ending::kEnded:
      return outcome.signal != 0 ? "ended by " + signal_name(outcome.signal) : "ended by Ctrl-A x";
  }
  return "the guest ended";
}

/// Lines of `text`, each on its own under the first; what a guest wrote cannot move the cursor.
std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty()) out += "\n     " + printable(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

int exit_code_of(const run::Outcome& outcome) {
  switch (outcome.ending) {
    case run::Ending::kPowerOff:
      return kExitDone;
    case run::Ending::kReboot:
      return kExitReboot;
    case run::Ending::kPanic:
    case run::Ending::kTripleFault:
    case run::Ending::kCrash:
      return kExitCrashed;
    case run::Ending::kTimeLimit:
      return kExitTimeLimit;
    case run::Ending::kEnded:
      return outcome.signal != 0 ? 128 + outcome.signal : kExitDone;
  }
  return kExitError;
}

std::string ending_text(const run::Outcome& outcome) {
  return fmt::format("{} after {}{}", what_happened(outcome), format_duration(outcome.duration),
                     indented(outcome.detail));
}

std::string warnings_text(const run::Outcome& outcome) {
  return outcome.warnings.empty() ? std::string() : "QEMU said:" + indented(outcome.warnings);
}

}  // namespace pvh::cli
