// How checks say what they found.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "evidence.hpp"
#include "pvh/conform/clauses.hpp"

namespace pvh::conform {

inline Judgement pass(std::string seen, std::string owed) {
  return {Verdict::kPass, std::move(seen), std::move(owed)};
}
inline Judgement broken(std::string seen, std::string owed) {
  return {Verdict::kBroken, std::move(seen), std::move(owed)};
}
/// A breach that no "must" forbids.
inline Judgement advised_against(std::string seen, std::string owed) {
  return {Verdict::kBroken, std::move(seen), std::move(owed), Severity::kShould};
}
inline Judgement not_seen(std::string why, std::string owed = {}) {
  return {Verdict::kNotSeen, std::move(why), std::move(owed)};
}
inline Judgement not_applicable(std::string why, std::string owed = {}) {
  return {Verdict::kNotApplicable, std::move(why), std::move(owed)};
}

/// Why nothing can be said about the start info, where that is so.
inline std::optional<Judgement> without_info(const Evidence& evidence) {
  if (!evidence.info) return not_seen("the capture shows no bytes where ebx points");
  if (!evidence.known) return not_seen("no start info lies where ebx points");
  return std::nullopt;
}

/// Whether fewer map entries were handed over than were asked for, which is MAP-4's to tell.
inline bool lacks_entries(const Evidence& evidence) {
  const auto& asked = evidence.capture.asked.map_entries;
  return asked && evidence.map && evidence.map->size() < *asked;
}

inline constexpr const char* kCutShort = "the members of version 1 are not shown";

/// Why nothing can be said about the map, where there is one; empty where there is nothing in the way.
inline std::string why_no_map(const Evidence& evidence) {
  if (!evidence.map_fault.empty()) return evidence.map_fault;
  if (lacks_entries(evidence)) return "entries of the map are missing (MAP-4)";
  if (evidence.map) return {};
  if (evidence.info->is_cut_short()) return kCutShort;
  return evidence.info->map_count.value_or(0) != 0 ? "the map is not shown" : "";
}

/// "0x1000 to 0x1fff"
inline std::string range_text(std::uint64_t at, std::uint64_t size) {
  if (size == 0) return fmt::format("nothing at {:#x}", at);
  if (size - 1 > UINT64_MAX - at) return fmt::format("{:#x} and {} bytes, which is beyond 2^64", at, size);
  return fmt::format("{:#x} to {:#x}", at, at + (size - 1));
}

/// The bytes as text, with all that is not printable ASCII written as \x1b, and no more than `most` of them.
/// Not named `quoted`: argument-dependent lookup prefers std::quoted for a std::string where <iomanip> is
/// included.
inline std::string quote(std::string_view text, std::size_t most = 60) {
  std::string out = "\"";
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
      out += c;
    else
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  if (text.size() > most) return out + fmt::format("\"… ({} bytes)", text.size());
  return out + '"';
}

}  // namespace pvh::conform
