#include "memory_map.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <queue>
#include <utility>

#include "pvh/start_info.h"

namespace pvh::boot {

namespace {

Thing thing_of(const UserRange& user) {
  return {.name = "the user's range of type " + type_name(user.type), .range = user.range, .size = {}};
}

/// Appends what lies from `start` to `end`, if anything does, and merges it with a neighbour of its kind.
void append(std::vector<MapEntry>& map, GuestAddress start, GuestAddress end, std::uint32_t type,
            const std::string& name) {
  const auto range = GuestRange::from_ends(start, end);
  if (!range) return;
  if (!map.empty()) {
    MapEntry& last = map.back();
    if (last.range.end() == start && last.type == type && last.name == name) {
      last.range = *GuestRange::from_ends(last.range.start(), end);
      return;
    }
  }
  map.push_back({.range = *range, .type = type, .name = name});
}

/// The board's own entries, sorted: without the user's ranges these are the map.
std::vector<MapEntry> board_entries(std::uint64_t memory_size, std::span<const board::FixedRange> fixed) {
  std::vector<MapEntry> entries;
  for (const GuestRange& range : board::ram(memory_size))
    entries.push_back(
        {.range = range, .type = XEN_HVM_MEMMAP_TYPE_RAM, .name = type_name(XEN_HVM_MEMMAP_TYPE_RAM)});
  for (const board::FixedRange& part : fixed)
    entries.push_back({.range = part.range, .type = part.type, .name = part.name});
  std::ranges::sort(entries, {}, &MapEntry::range);
  return entries;
}

/// Whether the user may call a part of `fixed` by `type`.
bool may_be_called(const board::FixedRange& fixed, std::uint32_t type) {
  if (type == fixed.type) return true;
  if (type == XEN_HVM_MEMMAP_TYPE_RAM) return false;
  const bool is_needed =
      fixed.type == XEN_HVM_MEMMAP_TYPE_ACPI || fixed.range.start() >= board::kDeviceWindow;
  return !is_needed;
}

}  // namespace

std::string type_name(std::uint32_t type) {
  switch (type) {
    case XEN_HVM_MEMMAP_TYPE_RAM:
      return "RAM";
    case XEN_HVM_MEMMAP_TYPE_RESERVED:
      return "reserved";
    case XEN_HVM_MEMMAP_TYPE_ACPI:
      return "ACPI";
    case XEN_HVM_MEMMAP_TYPE_NVS:
      return "NVS";
    case XEN_HVM_MEMMAP_TYPE_UNUSABLE:
      return "unusable";
    case XEN_HVM_MEMMAP_TYPE_DISABLED:
      return "disabled";
    case XEN_HVM_MEMMAP_TYPE_PMEM:
      return "PMEM";
    default:
      return "type " + std::to_string(type);
  }
}

std::vector<UserRange> resolve(std::span<const UserRange> ranges) {
  std::vector<GuestAddress> edges;
  edges.reserve(2 * ranges.size());
  for (const UserRange& user : ranges) {
    edges.push_back(user.range.start());
    edges.push_back(user.range.end());
  }
  std::ranges::sort(edges);
  const auto repeated = std::ranges::unique(edges);
  edges.erase(repeated.begin(), repeated.end());

  std::vector<std::size_t> by_start(ranges.size());
  std::iota(by_start.begin(), by_start.end(), std::size_t{0});
  std::ranges::sort(by_start, {}, [&](std::size_t i) { return ranges[i].range.start(); });

  // From edge to edge: of the ranges that cover the stretch, the one given last is on top of the queue.
  std::vector<UserRange> result;
  std::priority_queue<std::size_t> covering;
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    for (; next < by_start.size() && ranges[by_start[next]].range.start() == edges[i]; ++next)
      covering.push(by_start[next]);
    while (!covering.empty() && ranges[covering.top()].range.end() <= edges[i]) covering.pop();
    if (covering.empty()) continue;

    const std::uint32_t type = ranges[covering.top()].type;
    if (!result.empty() && result.back().type == type && result.back().range.end() == edges[i]) {
      result.back().range = *GuestRange::from_ends(result.back().range.start(), edges[i + 1]);
    } else {
      result.push_back({.type = type, .range = *GuestRange::from_ends(edges[i], edges[i + 1])});
    }
  }
  return result;
}

Result<void> check_against_board(std::span<const UserRange> ranges,
                                 std::span<const board::FixedRange> fixed) {
  for (const board::FixedRange& part : fixed) {
    auto user = std::ranges::upper_bound(ranges, part.range.start(), {},
                                         [](const UserRange& range) { return range.range.end(); });
    for (; user != ranges.end() && user->range.overlaps(part.range); ++user) {
      if (may_be_called(part, user->type)) continue;
      return std::unexpected(Error{.what = Fault::kRangeMeetsBoard,
                                   .clause = Clause::kMap5,
                                   .thing = thing_of(*user),
                                   .obstacle = Thing{.name = part.name, .range = part.range, .size = {}}});
    }
  }
  return {};
}

Result<std::vector<MapEntry>> memory_map(std::uint64_t memory_size, std::span<const board::FixedRange> fixed,
                                         std::span<const UserRange> ranges) {
  const std::vector<GuestRange> ram = board::ram(memory_size);
  for (const UserRange& user : ranges) {
    if (user.type != XEN_HVM_MEMMAP_TYPE_RAM) continue;
    if (std::ranges::any_of(ram, [&](const GuestRange& range) { return range.contains(user.range); }))
      continue;
    return std::unexpected(
        Error{.what = Fault::kRamNotBacked,
              .clause = Clause::kMap5,
              .thing = thing_of(user),
              .obstacle = Thing{.name = "the guest's memory", .range = {}, .size = memory_size}});
  }

  std::vector<MapEntry> map;
  map.reserve(ranges.size() + 8);
  auto user = ranges.begin();
  GuestAddress done;  // all below it is in the map
  for (const MapEntry& entry : board_entries(memory_size, fixed)) {
    done = std::max(done, entry.range.start());
    for (; user != ranges.end() && user->range.start() < entry.range.end(); ++user) {
      append(map, done, user->range.start(), entry.type, entry.name);
      append(map, user->range.start(), user->range.end(), user->type, type_name(user->type));
      done = std::max(done, user->range.end());
    }
    append(map, done, entry.range.end(), entry.type, entry.name);
  }
  for (; user != ranges.end(); ++user)
    append(map, user->range.start(), user->range.end(), user->type, type_name(user->type));
  return map;
}

std::vector<GuestRange> ram_of(std::span<const MapEntry> map) {
  std::vector<GuestRange> ram;
  for (const MapEntry& entry : map) {
    if (entry.type != XEN_HVM_MEMMAP_TYPE_RAM) continue;
    if (!ram.empty() && ram.back().end() == entry.range.start()) {
      ram.back() = *GuestRange::from_ends(ram.back().start(), entry.range.end());
    } else {
      ram.push_back(entry.range);
    }
  }
  return ram;
}

}  // namespace pvh::boot
