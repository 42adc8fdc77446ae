#include "pvh/boot/entry_state.hpp"

#include <algorithm>
#include <array>

#include "pvh/base/bytes.hpp"

namespace pvh::boot {

namespace {

// Attribute words: type, then S (0x10), P (0x80), D/B (0x4000), G (0x8000).
constexpr std::uint16_t kCode = 0xc09b;     // execute/read, accessed; 32-bit, 4 GiB
constexpr std::uint16_t kData = 0xc093;     // read/write, accessed; 32-bit, 4 GiB
constexpr std::uint16_t kBusyTss = 0x008b;  // 32-bit TSS, active; byte limit

constexpr std::uint32_t kFourGiBLimit = 0xffffffff;
constexpr std::uint32_t kTssLimit = 0x67;

constexpr std::uint32_t kProtectionEnable = 0x1;
constexpr std::uint32_t kExtensionType = 0x10;  // reads as 1
constexpr std::uint32_t kFlagsAlwaysSet = 0x2;  // bit 1; VM, IF, TF and the rest are clear

}  // namespace

EntryState entry_state(GuestAddress entry, GuestAddress start_info) {
  return {
      .eip = static_cast<std::uint32_t>(entry.value()),
      .ebx = static_cast<std::uint32_t>(start_info.value()),
      .eflags = kFlagsAlwaysSet,
      .cr0 = kProtectionEnable | kExtensionType,
      .cr4 = 0,
      .cs = {.selector = 8, .base = 0, .limit = kFourGiBLimit, .attributes = kCode},
      .data = {.selector = 16, .base = 0, .limit = kFourGiBLimit, .attributes = kData},
      .tr = {.selector = 24, .base = 0, .limit = kTssLimit, .attributes = kBusyTss},
  };
}

std::uint64_t descriptor(const SegmentState& segment) {
  const bool pages = (segment.attributes & 0x8000U) != 0;  // G: the limit counts pages
  const std::uint64_t limit = pages ? segment.limit >> 12U : segment.limit;
  const std::uint64_t base = segment.base;
  return (limit & 0xffffU) | (base & 0xffffffU) << 16U | std::uint64_t{segment.attributes & 0xffU} << 40U |
         (limit >> 16U & 0xfU) << 48U | std::uint64_t{segment.attributes >> 12U & 0xfU} << 52U |
         (base >> 24U) << 56U;
}

std::vector<std::byte> descriptor_table(const EntryState& state) {
  constexpr std::size_t kPlaces = 8;
  std::array<std::uint64_t, kPlaces> places{};
  std::size_t last = 0;
  for (const SegmentState* segment : {&state.cs, &state.data, &state.tr}) {
    const std::size_t place = (segment->selector >> 3U) % kPlaces;
    places.at(place) = descriptor(*segment);
    last = std::max(last, place);
  }
  std::vector<std::byte> table;
  for (std::size_t i = 0; i <= last; ++i) append_le(table, places.at(i));
  return table;
}

}  // namespace pvh::boot
