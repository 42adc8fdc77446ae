#include "amounts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "pvh/base/address.hpp"

namespace pvh::conform {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool belongs_to_a_word(char before) {
  return is_letter(before) || is_digit(before) || before == '_' || before == '-' || before == '.';
}

/// What one of these letters stands for, whatever follows: "M", "MB", "MiB", "megabytes".
std::uint64_t unit_named(std::string_view word) {
  if (word.starts_with("page") || word.starts_with("Page")) return kPageSize;
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"kK", kKiB}, {"mM", kMiB}, {"gG", kGiB}, {"tT", kGiB * kKiB}}};
  // A word of another kind: "100 more".
  const bool short_word = word.size() == 1 || word.ends_with('B') || word.ends_with("bytes");
  for (const auto& [letters, unit] : kUnits)
    if (short_word && !word.empty() && letters.find(word.front()) != std::string_view::npos) return unit;
  return 1;
}

std::optional<double> take_hex(std::string_view& text) {
  text.remove_prefix(2);
  std::uint64_t whole = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), whole, 16);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  if (problem != std::errc()) return std::nullopt;
  return static_cast<double>(whole);
}

/// Whether three digits, and no more, follow a comma: "20,971,520".
bool is_group(std::string_view text) {
  return text.size() >= 4 && text[0] == ',' && std::ranges::all_of(text.substr(1, 3), is_digit) &&
         (text.size() == 4 || !is_digit(text[4]));
}

/// The number at the front of `text`, which is taken off; nothing where it has no end that could be read.
std::optional<double> take_number(std::string_view& text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return take_hex(text);
  double value = 0;
  const auto [rest, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  if (problem != std::errc()) return std::nullopt;
  for (; is_group(text); text.remove_prefix(4))
    value = value * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
  return value;
}

std::string_view word_at_front(std::string_view text) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_letter) - text.begin()));
}

}  // namespace

std::vector<std::uint64_t> amounts_in(std::string_view text) {
  constexpr double kMost = 0x1p63;
  std::vector<std::uint64_t> out;
  const std::string_view whole = text;
  std::size_t bare = 0;  // from here on no number of this bracket had a unit
  while (!text.empty()) {
    const auto at = static_cast<std::size_t>(text.data() - whole.data());
    const std::string_view before = whole.substr(0, at);
    const bool part = !before.empty() && belongs_to_a_word(before.back());
    if (text.front() == '(' || text.front() == ')') bare = out.size();
    if (!is_digit(text.front()) || part) {
      text.remove_prefix(1);
      continue;
    }
    const auto number = take_number(text);
    if (!number || before.ends_with(" at ") || before.ends_with('@')) continue;
    // As QEMU's option, which counts in MiB.
    const bool option = before.ends_with("-m ");
    const auto unit = unit_named(word_at_front(text));
    // "(0x1400 > 0x1000 - 0x119 pages)": one unit for all.
    if (unit == kPageSize)
      for (; bare < out.size(); ++bare) out[bare] *= kPageSize;
    const double bytes = *number * static_cast<double>(option && unit == 1 ? kMiB : unit);
    if (bytes >= kMost) continue;
    out.push_back(static_cast<std::uint64_t>(bytes));
    if (unit != 1) bare = out.size();
  }
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_letter(text[at - 1])) && (end == text.size() || !is_letter(text[end]))) return true;
  }
  return false;
}

bool stands_for(std::uint64_t amount, std::uint64_t size) {
  constexpr std::uint64_t kTwentieth = 20;  // a MB is 4.6 % less than a MiB
  const std::uint64_t apart = amount > size ? amount - size : size - amount;
  return apart <= size / kTwentieth;
}

}  // namespace pvh::conform
