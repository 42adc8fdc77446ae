// The memory map: as the producer gave it, and as a kernel wants it (sorted, disjoint, merged, RAM where
// nothing else is claimed).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pvh/guest.h"
#include "pvh/guest/result.hpp"

namespace pvh::guest {

using MapEntry = pvh_map_entry;
using MapRange = pvh_map_range;

/// What wins where entries overlap: the higher (MAP-3). Whatever may be used sooner loses: RAM, then ACPI
/// tables (RAM once they are read), then persistent memory, then everything else by its number, unknown types
/// last.
[[nodiscard]] constexpr uint64_t precedence(uint32_t type) {
  switch (type) {
    case XEN_HVM_MEMMAP_TYPE_RAM:
      return 0;
    case XEN_HVM_MEMMAP_TYPE_ACPI:
      return 1;
    case XEN_HVM_MEMMAP_TYPE_PMEM:
      return 2;
    default:
      return uint64_t{3} + type;
  }
}

/// Bytes in `range`; one that is all of the address space has UINT64_MAX.
[[nodiscard]] constexpr uint64_t size_of(const MapRange& range) {
  const uint64_t beyond_first = range.last - range.first;
  return beyond_first == UINT64_MAX ? beyond_first : beyond_first + 1;
}

/// How much storage `normalise` never finds too small. Maps without overlaps need two thirds of it.
[[nodiscard]] constexpr size_t storage_for(size_t entries) {
  return 3 * entries;
}

/// The entries that lie in the guest's memory, read one at a time.
class MemoryMap {
 public:
  MemoryMap() = default;
  MemoryMap(const pvh_memory& memory, uint64_t paddr, uint32_t entries)
      : memory_(memory), paddr_(paddr), entries_(entries) {}

  [[nodiscard]] uint32_t size() const { return entries_; }
  /// As the producer gave it; absent past the last.
  Result<MapEntry> entry(uint32_t index) const;

  /// The entries as ranges in their order, into `storage`; gives how many. Empty entries are left out. One
  /// that passes the end of the address space is cut there, but one of RAM is not believed at all (MAP-3).
  Result<size_t> collect(MapRange* storage, size_t capacity) const;

  /// What `normalise` would give, one range at a call and with no storage: for the time before a kernel has
  /// any. The range at `address` or the first behind it, from `address` on. Reads the whole map at least
  /// twice a call.
  Result<MapRange> from(uint64_t address) const;
  /// The one behind `previous`; absent after the last.
  Result<MapRange> after(const MapRange& previous) const {
    if (previous.last == UINT64_MAX) return Absent{};
    return from(previous.last + 1);
  }

 private:
  pvh_memory memory_{};
  uint64_t paddr_ = 0;
  uint32_t entries_ = 0;
};

/// Makes of the first `count` ranges sorted, disjoint, merged ones at the start of `storage`; gives how many.
/// O(n log n), in `storage` alone. The kernel may have added ranges of its own to what `collect` gave.
Result<size_t> normalise(MapRange* storage, size_t capacity, size_t count);

}  // namespace pvh::guest
