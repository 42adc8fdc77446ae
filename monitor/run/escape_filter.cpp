#include "pvh/run/escape_filter.hpp"

#include <utility>

namespace pvh::run {

EscapeFilter::Sorted EscapeFilter::sort(std::byte key) {
  if (!std::exchange(escaped_, false)) {
    if (key != kEscapeKey) return {.to_guest = key};
    escaped_ = true;
    return {};
  }
  if (key == kEscapeKey) return {.to_guest = key};
  if (key == std::byte{'x'} || key == std::byte{'X'}) return {.command = Command::kEnd};
  // An unknown key gets the help too: who typed it wanted something of us.
  return {.command = Command::kHelp};
}

}  // namespace pvh::run
