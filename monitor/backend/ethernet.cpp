#include "pvh/backend/ethernet.hpp"

#include <algorithm>
#include <charconv>

namespace pvh::backend {

namespace {

constexpr std::size_t kTextSize = 17;
constexpr std::uint8_t kGroup = 1;
constexpr std::uint8_t kLocal = 2;

}  // namespace

std::optional<Mac> parse_mac(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  Mac out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* const at = text.data() + 3 * i;
    const auto [end, problem] = std::from_chars(at, at + 2, out[i], 16);
    if (problem != std::errc() || end != at + 2) return std::nullopt;
    if (i > 0 && at[-1] != ':') return std::nullopt;
  }
  const bool all_zero = std::ranges::all_of(out, [](std::uint8_t byte) { return byte == 0; });
  if (all_zero || (out[0] & kGroup) != 0) return std::nullopt;
  return out;
}

std::string mac_text(const Mac& mac) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : mac) {
    if (!out.empty()) out += ':';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

Mac default_mac(std::string_view place, std::size_t slot) {
  // FNV-1a.
  std::uint32_t hash = 2166136261U;
  for (const char character : place) hash = (hash ^ static_cast<std::uint8_t>(character)) * 16777619U;
  return {kLocal,
          static_cast<std::uint8_t>(hash >> 24U),
          static_cast<std::uint8_t>(hash >> 16U),
          static_cast<std::uint8_t>(hash >> 8U),
          static_cast<std::uint8_t>(hash),
          static_cast<std::uint8_t>(slot)};
}

}  // namespace pvh::backend
