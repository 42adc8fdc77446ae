#include "units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace pvh::cli {
namespace {

/// What follows the digits: its factor, or nothing where it is no unit.
std::optional<std::uint64_t> factor_of(std::string_view suffix, std::uint64_t unit) {
  if (suffix.empty()) return unit;
  std::string lower;
  for (const char c : suffix) lower += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "b") return 1;
  constexpr std::array<std::pair<char, std::uint64_t>, 4> kUnits{
      {{'k', kKiB}, {'m', kMiB}, {'g', kGiB}, {'t', kTiB}}};
  for (const auto& [letter, factor] : kUnits) {
    if (lower.front() == letter && (lower.size() == 1 || lower.substr(1) == "ib")) return factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t unit) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  const auto factor = factor_of(text, unit);
  if (!factor || value > UINT64_MAX / *factor) return std::nullopt;
  return value * *factor;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  if (text.find_first_not_of(digits, hexadecimal ? 2 : 0) != std::string_view::npos) return std::nullopt;
  return parse_size(text);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count < 1000) return fmt::format("{} ms", count);
  if (count < 60'000) return fmt::format("{}.{} s", count / 1000, count % 1000 / 100);
  const std::int64_t minutes = count / 60'000;
  const std::int64_t seconds = count % 60'000 / 1000;
  if (minutes < 60) return fmt::format("{} min {} s", minutes, seconds);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace pvh::cli
