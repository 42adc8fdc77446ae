// MAP: the memory map.
#include <pvh/start_info.h>

#include <algorithm>
#include <numeric>

#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

std::string entry_text(const MapEntrySeen& entry) {
  return fmt::format("{} of type {}", range_text(entry.at, entry.size), entry.type);
}

/// Why there is no map to look at, where there is none.
std::optional<Judgement> without_map(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return out;
  if (evidence.info->version == 0) return not_applicable("version 0 has no map");
  if (evidence.info->map_count == 0U) return not_applicable("no map is handed over");
  if (evidence.map && evidence.map_fault.empty()) return std::nullopt;
  return not_seen(why_no_map(evidence));
}

/// The first entry of RAM that the guest did not try; empty where there is none. The probe tries 64.
std::string untried_in(const Evidence& evidence) {
  constexpr std::size_t kTried = 64;
  constexpr std::uint64_t kSmall = 64 * kKiB;  // the probe may take all of it, and tries no place of its own
  const auto& tried = evidence.capture.ram;
  if (std::ranges::none_of(tried, [](const RamTried& one) { return one.places != 0; })) return "any of it";
  std::size_t count = 0;
  for (const MapEntrySeen& entry : *evidence.map) {
    if (!entry.is_ram() || entry.size < sizeof(std::uint64_t) || ++count > kTried) continue;
    if (std::ranges::none_of(tried, [&](const RamTried& one) {
          return one.at == entry.at && one.size == entry.size && (one.places != 0 || entry.size < kSmall);
        }))
      return entry_text(entry);
  }
  return {};
}

/// The first pair of neighbours, by address, that overlap.
std::string overlap_in(std::vector<MapEntrySeen> map) {
  std::ranges::sort(map, {}, &MapEntrySeen::at);
  for (std::size_t i = 1; i < map.size(); ++i) {
    if (map[i].at < map[i - 1].end())
      return fmt::format("{} overlaps {}", entry_text(map[i - 1]), entry_text(map[i]));
  }
  return {};
}

}  // namespace

Judgement map_1(const Evidence& evidence) {
  const std::string owed = "entries of 24 bytes whose reserved word is 0";
  if (auto out = without_map(evidence); out && !evidence.map_garbled) return *out;
  for (std::size_t i = 0; i < evidence.map->size(); ++i) {
    const std::uint32_t reserved = (*evidence.map)[i].reserved;
    if (reserved != 0)
      return broken(fmt::format("the reserved word of entry {} is {:#x}{}", i, reserved,
                                evidence.map_garbled ? ", and types are none: are these 24 bytes each?" : ""),
                    owed);
  }
  return pass(fmt::format("{} entries", evidence.map->size()), owed);
}

Judgement map_2(const Evidence& evidence) {
  const std::string owed = "types 1 to 7";
  if (auto out = without_map(evidence)) return *out;
  for (std::size_t i = 0; i < evidence.map->size(); ++i) {
    const MapEntrySeen& entry = (*evidence.map)[i];
    // An empty entry describes nothing; that it is there at all is MAP-3's.
    if (entry.size != 0 && !entry.has_known_type())
      return broken(fmt::format("entry {} has type {}", i, entry.type), owed);
  }
  return pass("only types of the contract", owed);
}

Judgement map_3(const Evidence& evidence) {
  const std::string owed = "sorted, disjoint, no entry empty or beyond 2^64";
  if (auto out = without_map(evidence)) return *out;
  const auto& map = *evidence.map;
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map[i].size == 0)
      return broken(
          fmt::format("entry {} of {} is empty: type {} at {:#x}", i, map.size(), map[i].type, map[i].at),
          owed);
    if (map[i].wraps()) return broken(fmt::format("entry {} at {:#x} passes 2^64", i, map[i].at), owed);
  }
  for (std::size_t i = 1; i < map.size(); ++i) {
    if (map[i].at < map[i - 1].at)
      return broken(fmt::format("entry {} at {:#x} comes after one at {:#x}", i, map[i].at, map[i - 1].at),
                    owed);
  }
  if (const auto overlap = overlap_in(map); !overlap.empty()) return broken(overlap, owed);
  return pass(fmt::format("{} entries in order", map.size()), owed);
}

Judgement map_4(const Evidence& evidence) {
  const auto& asked = evidence.capture.asked.map_entries;
  if (!asked) return not_applicable("no number of entries was asked for");
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = fmt::format("at least {} entries, as were asked for", *asked);
  if (evidence.info->is_cut_short()) return not_seen(kCutShort, owed);
  const std::uint64_t count = evidence.info->map_count.value_or(0);
  const std::string seen = fmt::format("{} entries", count);
  return count >= *asked ? pass(seen, owed) : broken(seen, owed);
}

Judgement map_5(const Evidence& evidence) {
  if (auto out = without_map(evidence)) return *out;
  const auto& asked = evidence.capture.asked.memory;
  const std::string owed =
      asked ? fmt::format("RAM that is there, {} MiB of it, and no tables in it", *asked / kMiB)
            : "RAM that is there, and no tables in it";
  for (const RamTried& tried : evidence.capture.ram) {
    if (tried.failed != 0)
      return broken(
          fmt::format("{} of {} places tried in {} do not keep what is written, the first at {:#x}",
                      tried.failed, tried.places, range_text(tried.at, tried.size), tried.first_failed),
          owed);
  }
  for (const Taken& table : evidence.tables) {
    // Where entries overlap, RAM loses: that they do is MAP-3's.
    if (std::ranges::any_of(*evidence.map, [&](const MapEntrySeen& entry) {
          return !entry.is_ram() && entry.at <= table.at && table.end() <= entry.end();
        }))
      continue;
    const auto ram = std::ranges::find_if(*evidence.map, [&](const MapEntrySeen& entry) {
      return entry.is_ram() && entry.at < table.end() && table.at < entry.end();
    });
    if (ram != evidence.map->end())
      return broken(fmt::format("{} at {:#x} lies in {}", table.name, table.at, entry_text(*ram)), owed);
  }
  const auto wraps = std::ranges::find_if(
      *evidence.map, [](const MapEntrySeen& entry) { return entry.is_ram() && entry.wraps(); });
  if (wraps != evidence.map->end())
    return not_seen(fmt::format("RAM at {:#x} passes 2^64 (MAP-3)", wraps->at), owed);
  const std::uint64_t ram = ram_of(evidence);
  const std::string seen = fmt::format("{} KiB of RAM", ram / kKiB);
  if (asked && ram > *asked) return broken(seen + ", more than was asked for", owed);
  const bool less = lacks_ram(evidence);
  if (less && lacks_entries(evidence))
    return not_seen(seen + ", in fewer entries than were asked for (MAP-4)", owed);
  // Memory of a type that nobody knows may be what is missing.
  if (less && !std::ranges::all_of(*evidence.map, &MapEntrySeen::has_known_type))
    return not_seen(seen + ", and memory of an unknown type (MAP-2)", owed);
  if (less) return broken(seen + ", less than was asked for", owed);
  if (!asked) return not_seen(seen + "; how much was asked for is not known", owed);
  if (const auto untried = untried_in(evidence); !untried.empty())
    return not_seen(fmt::format("{}; {} was not tried", seen, untried), owed);
  return pass(seen, owed);
}

}  // namespace pvh::conform
