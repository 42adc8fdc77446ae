// The memory map that the guest is given: the board's RAM and fixed ranges, with the user's ranges over them
// (MAP-1 to MAP-5).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::boot {

/// "RAM", "reserved", … or "type 9" for a number that the contract does not name (MAP-2).
[[nodiscard]] std::string type_name(std::uint32_t type);

/// What is left of each of the user's ranges where a later one wins over an earlier: sorted, disjoint,
/// neighbours of one type merged. O(n log n), so that a million of them work (MAP-4).
[[nodiscard]] std::vector<UserRange> resolve(std::span<const UserRange> ranges);

/// Fails where a range calls the ACPI tables or the devices anything but what they are, or firmware's ground
/// RAM (MAP-5). `ranges` are resolved.
[[nodiscard]] Result<void> check_against_board(std::span<const UserRange> ranges,
                                               std::span<const board::FixedRange> fixed);

/// The map of a guest of `memory_size` bytes: sorted, disjoint, no empty entry, neighbours of one type and
/// name merged (MAP-3). Fails where the user calls RAM what no memory backs (MAP-5). `ranges` are resolved.
[[nodiscard]] Result<std::vector<MapEntry>> memory_map(std::uint64_t memory_size,
                                                       std::span<const board::FixedRange> fixed,
                                                       std::span<const UserRange> ranges);

/// The RAM of a map: its entries of that type, neighbours merged.
[[nodiscard]] std::vector<GuestRange> ram_of(std::span<const MapEntry> map);

}  // namespace pvh::boot
