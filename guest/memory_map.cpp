#include "pvh/guest/memory_map.hpp"

#include "decode.hpp"
#include "sort.hpp"

namespace pvh::guest {
namespace {

constexpr size_t kEntrySize = sizeof(hvm_memmap_table_entry);

MapEntry decode(const unsigned char* bytes) {
  return {load64(bytes + offsetof(hvm_memmap_table_entry, addr)),
          load64(bytes + offsetof(hvm_memmap_table_entry, size)),
          load32(bytes + offsetof(hvm_memmap_table_entry, type)),
          load32(bytes + offsetof(hvm_memmap_table_entry, reserved))};
}

/// What an entry claims, or false where it claims nothing.
bool to_range(const MapEntry& entry, MapRange& range) {
  if (entry.size == 0) return false;
  const bool passes_the_end = wraps(entry.addr, entry.size);
  // A size that cannot be true says nothing of where the RAM ends; what is not RAM is rather taken too long.
  if (passes_the_end && entry.type == XEN_HVM_MEMMAP_TYPE_RAM) return false;
  range = {entry.addr, passes_the_end ? UINT64_MAX : entry.addr + (entry.size - 1), entry.type, 0};
  return true;
}

/// Every entry of a map in order, a few at a read. After the last `next`, `failed` tells whether it was the
/// end.
class Entries {
 public:
  Entries(const pvh_memory& memory, uint64_t paddr, uint32_t count)
      : memory_(memory), paddr_(paddr), left_(count) {}

  bool next(MapEntry& entry) {
    if (next_ == buffered_ && !fill()) return false;
    entry = decode(buffer_ + kEntrySize * next_++);
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
  bool fill() {
    if (left_ == 0) return false;
    constexpr uint32_t kAtOnce = 8;
    uint32_t count = left_ < kAtOnce ? left_ : kAtOnce;
    // Where memory ends inside the chunk, its first entries may still be there.
    while (!memory_.read(memory_.context, paddr_, buffer_, count * kEntrySize)) {
      count /= 2;
      if (count == 0) return false;
    }
    paddr_ += count * kEntrySize;
    left_ -= count;
    buffered_ = count;
    next_ = 0;
    return true;
  }

  const pvh_memory& memory_;
  uint64_t paddr_;
  uint32_t left_;
  uint32_t next_ = 0;
  uint32_t buffered_ = 0;
  unsigned char buffer_[8 * kEntrySize];
};

/// A heap of those ranges that reach to where the sweep is, the strongest on top. It stores only indices, in
/// the ranges' own spare words, so that it needs no room.
class Active {
 public:
  explicit Active(MapRange* ranges) : ranges_(ranges) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const MapRange& top() const { return at(0); }

  void push(uint32_t index) {
    size_t child = size_++;
    while (child != 0) {
      const size_t parent = (child - 1) / 2;
      if (precedence(at(parent).type) >= precedence(ranges_[index].type)) break;
      ranges_[child].work = ranges_[parent].work;
      child = parent;
    }
    ranges_[child].work = index;
  }

  void pop() {
    const uint32_t moved = ranges_[--size_].work;
    const uint64_t strength = precedence(ranges_[moved].type);
    size_t parent = 0;
    for (size_t child = 1; child < size_; child = 2 * parent + 1) {
      if (child + 1 < size_ && precedence(at(child + 1).type) > precedence(at(child).type)) ++child;
      if (strength >= precedence(at(child).type)) break;
      ranges_[parent].work = ranges_[child].work;
      parent = child;
    }
    ranges_[parent].work = moved;
  }

 private:
  [[nodiscard]] MapRange& at(size_t place) const { return ranges_[ranges_[place].work]; }

  MapRange* ranges_;
  size_t size_ = 0;
};

/// The sweep's output, at the front of the storage, up to where its input begins.
struct Output {
  MapRange* ranges;
  size_t capacity;
  size_t size = 0;

  bool add(uint64_t first, uint64_t last, uint32_t type) {
    if (size != 0) {
      MapRange& previous = ranges[size - 1];
      if (previous.type == type && previous.last + 1 == first) {
        previous.last = last;
        return true;
      }
    }
    if (size == capacity) return false;
    ranges[size++] = {first, last, type, 0};
    return true;
  }
};

}  // namespace

Result<MapEntry> MemoryMap::entry(uint32_t index) const {
  if (index >= entries_) return Absent{};
  Entries entries(memory_, paddr_ + uint64_t{index} * kEntrySize, 1);
  MapEntry entry;
  if (!entries.next(entry)) return entries.error();
  return entry;
}

Result<size_t> MemoryMap::collect(MapRange* storage, size_t capacity) const {
  Entries entries(memory_, paddr_, entries_);
  size_t count = 0;
  for (MapRange range; entries.next(range); storage[count++] = range)
    if (count == capacity) return Error{Clause::kMap4, Fault::kStorageTooSmall, paddr_, capacity};
  if (entries.failed()) return entries.error();
  return count;
}

Result<size_t> normalise(MapRange* storage, size_t capacity, size_t count) {
  if (count > capacity || count > UINT32_MAX)
    return Error{Clause::kMap4, Fault::kStorageTooSmall, 0, capacity};
  // Input at the end of the storage, so that what is made of it can grow from the front.
  MapRange* const input = storage + (capacity - count);
  __builtin_memmove(input, storage, count * sizeof(MapRange));
  sort_by_start(input, count);

  Output output{storage, capacity - count};
  Active active(input);
  uint32_t next = 0;
  uint64_t here = 0;
  for (;;) {
    while (!active.empty() && active.top().last < here) active.pop();
    if (active.empty()) {
      if (next == count) return output.size;
      here = input[next].first;
    }
    while (next < count && input[next].first <= here) active.push(next++);
    // The strongest holds until it ends or another one starts, which may be stronger. What `add` merges again
    // was never apart.
    const MapRange strongest = active.top();
    uint64_t last = strongest.last;
    if (next < count && input[next].first <= last) last = input[next].first - 1;
    if (!output.add(here, last, strongest.type))
      return Error{Clause::kMap4, Fault::kStorageTooSmall, here, capacity};
    if (last == UINT64_MAX) return output.size;
    here = last + 1;
  }
}

Result<MapRange> MemoryMap::next(uint64_t from) const {
  MapRange result{};
  bool found = false;
  for (uint64_t here = from;;) {
    // First pass: who is strongest here; and where nobody is, where the next one starts.
    MapRange strongest{};
    bool covered = false;
    uint64_t next_start = UINT64_MAX;
    bool more = false;
    MapRange range;
    Entries entries(memory_, paddr_, entries_);
    while (entries.next(range)) {
      if (range.first > here) {
        if (range.first < next_start) next_start = range.first;
        more = true;
      } else if (range.last >= here) {
        const bool stronger = !covered || precedence(range.type) > precedence(strongest.type);
        if (stronger || (range.type == strongest.type && range.last > strongest.last)) strongest = range;
        covered = true;
      }
    }
    if (entries.failed()) return entries.error();
    if (!covered) {
      if (found) return result;
      if (!more) return Absent{};
      here = next_start;
      continue;
    }
    if (found && strongest.type != result.type) return result;

    // Second pass: where a stronger one starts in it.
    uint64_t last = strongest.last;
    Entries again(memory_, paddr_, entries_);
    while (again.next(range))
      if (range.first > here && range.first <= last && precedence(range.type) > precedence(strongest.type))
        last = range.first - 1;
    if (again.failed()) return again.error();

    if (!found) result = {here, last, strongest.type, 0};
    result.last = last;
    found = true;
    if (last == UINT64_MAX) return result;
    here = last + 1;
  }
}

}  // namespace pvh::guest
