#include "option_values.hpp"

#include <fmt/format.h>

#include "words.hpp"

namespace pvh::cli {

Usage wrong(std::string_view option, std::string_view value, std::string_view wanted) {
  return Usage(UsageError{fmt::format("{} {}: {}", option, printable(value), wanted)});
}

Expected<std::optional<std::chrono::milliseconds>> timeout_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_seconds(text);
  if (!time) return wrong("--timeout", text, "not a time from 0.001 s to a year; 10 or 0.5 would be");
  return time;
}

std::optional<std::string> appended(const std::vector<std::string>& texts) {
  if (texts.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(texts, " "));
}

}  // namespace pvh::cli
