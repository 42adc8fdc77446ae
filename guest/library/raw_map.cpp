// The memory map as the producer gave it.
#include "map_entries.hpp"

namespace pvh::guest {

bool MapEntries::fill() {
  if (left_ == 0) return false;
  constexpr uint32_t kAtOnce = 8;
  uint32_t count = left_ < kAtOnce ? left_ : kAtOnce;
  // Where memory ends inside the chunk, its first entries may still be there.
  while (!memory_.read(memory_.context, paddr_, buffer_, count * kEntrySize)) {
    count /= 2;
    if (count == 0) return false;
  }
  paddr_ += uint64_t{count} * kEntrySize;
  left_ -= count;
  buffered_ = count;
  next_ = 0;
  return true;
}

Result<MapEntry> MemoryMap::entry(uint32_t index) const {
  if (index >= entries_) return Absent{};
  MapEntries entries(memory_, paddr_ + uint64_t{index} * kEntrySize, 1);
  MapEntry entry;
  if (!entries.next(entry)) return entries.error();
  return entry;
}

Result<size_t> MemoryMap::collect(MapRange* storage, size_t capacity) const {
  MapEntries entries(memory_, paddr_, entries_);
  size_t count = 0;
  // Straight into the storage: where code shall be small, copying a whole range takes longer than decoding
  // it.
  while (count < capacity && entries.next(storage[count])) ++count;
  MapRange one_more;
  if (count == capacity && entries.next(one_more))
    return Error{Clause::kMap4, Fault::kStorageTooSmall, paddr_, capacity};
  if (entries.failed()) return entries.error();
  return count;
}

}  // namespace pvh::guest
