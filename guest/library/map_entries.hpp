// The memory map's entries, one after another, and what each claims.
#pragma once

#include "decode.hpp"
#include "pvh/guest/memory_map.hpp"

namespace pvh::guest {

inline constexpr size_t kEntrySize = sizeof(hvm_memmap_table_entry);

[[nodiscard]] inline MapEntry decode_entry(const unsigned char* bytes) {
  return {load64(bytes + offsetof(hvm_memmap_table_entry, addr)),
          load64(bytes + offsetof(hvm_memmap_table_entry, size)),
          load32(bytes + offsetof(hvm_memmap_table_entry, type)),
          load32(bytes + offsetof(hvm_memmap_table_entry, reserved))};
}

/// What an entry claims, or false where it claims nothing.
inline bool to_range(const MapEntry& entry, MapRange& range) {
  if (entry.size == 0) return false;
  const bool passes_the_end = wraps(entry.addr, entry.size);
  // A size that cannot be true says nothing of where the RAM ends; what is not RAM is rather taken too long.
  if (passes_the_end && entry.type == XEN_HVM_MEMMAP_TYPE_RAM) return false;
  range = {entry.addr, passes_the_end ? UINT64_MAX : entry.addr + (entry.size - 1), entry.type, 0};
  return true;
}

/// Every entry of a map in order, a few at a read. After the last `next`, `failed` tells whether it was the
/// end.
class MapEntries {
 public:
  MapEntries(const pvh_memory& memory, uint64_t paddr, uint32_t count)
      : memory_(memory), paddr_(paddr), left_(count) {}

  bool next(MapEntry& entry) {
    if (next_ == buffered_ && !fill()) return false;
    entry = decode_entry(buffer_ + kEntrySize * next_++);
    return true;
  }

  /// The next that claims something, as a range.
  bool next(MapRange& range) {
    MapEntry entry;
    do
      if (!next(entry)) return false;
    while (!to_range(entry, range));
    return true;
  }

  /// Only `fill` stops before nothing is left.
  [[nodiscard]] bool failed() const { return left_ != 0; }
  [[nodiscard]] Error error() const { return {Clause::kStart8, Fault::kUnreadable, paddr_, kEntrySize}; }

 private:
  bool fill();

  const pvh_memory& memory_;
  uint64_t paddr_;
  uint32_t left_;
  uint32_t next_ = 0;
  uint32_t buffered_ = 0;
  unsigned char buffer_[8 * kEntrySize];
};

}  // namespace pvh::guest
