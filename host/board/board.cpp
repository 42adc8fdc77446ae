#include "pvh/board/board.hpp"

#include <algorithm>
#include <optional>

namespace pvh::board {

namespace {

// The contract's map types (MAP-2), by number: `abi/` names them for C.
constexpr std::uint32_t kReserved = 2;
constexpr std::uint32_t kAcpi = 3;

constexpr GuestAddress kFourGiBAddress{kFourGiB};

constexpr std::uint64_t below_hole(std::uint64_t memory_size) {
  return std::min(memory_size, kMmioHoleStart.value());
}

constexpr std::uint64_t above_hole(std::uint64_t memory_size) {
  return memory_size - below_hole(memory_size);
}

template <class T>
void add(std::vector<T>& out, const std::optional<T>& item) {
  if (item) out.push_back(*item);
}

void add_fixed(std::vector<FixedRange>& out, std::string name, GuestAddress start, GuestAddress end,
               std::uint32_t type) {
  const auto range = GuestRange::from_ends(start, end);
  if (range) out.push_back({.name = std::move(name), .range = *range, .type = type});
}

}  // namespace

std::vector<Backing> backing(std::uint64_t memory_size) {
  std::vector<Backing> pieces;
  const std::uint64_t low = below_hole(memory_size);
  if (const auto range = GuestRange::from_size(GuestAddress{0}, low))
    pieces.push_back({.range = *range, .offset = 0});
  if (const auto range = GuestRange::from_size(kFourGiBAddress, above_hole(memory_size)))
    pieces.push_back({.range = *range, .offset = low});
  return pieces;
}

std::vector<GuestRange> ram(std::uint64_t memory_size) {
  const GuestAddress low_end{below_hole(memory_size)};
  std::vector<GuestRange> ranges;
  add(ranges, GuestRange::from_ends(GuestAddress{0}, std::min(low_end, kLowMemoryEnd)));
  add(ranges, GuestRange::from_ends(kHighMemoryStart, low_end));
  add(ranges, GuestRange::from_size(kFourGiBAddress, above_hole(memory_size)));
  return ranges;
}

std::vector<FixedRange> fixed_ranges(const Board& board) {
  std::vector<FixedRange> ranges;
  if (board.acpi) {
    const GuestAddress acpi_end{kAcpiStart.value() + kAcpiSize};
    add_fixed(ranges, "legacy video and ROM", kLowMemoryEnd, kAcpiStart, kReserved);
    add_fixed(ranges, "ACPI tables", kAcpiStart, acpi_end, kAcpi);
    add_fixed(ranges, "boot ROM alias", acpi_end, kHighMemoryStart, kReserved);
  } else {
    add_fixed(ranges, "legacy video and ROM", kLowMemoryEnd, kHighMemoryStart, kReserved);
  }
  add_fixed(ranges, "devices and boot ROM", kDeviceWindow, kFourGiBAddress, kReserved);
  return ranges;
}

}  // namespace pvh::board
