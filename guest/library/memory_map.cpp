#include "pvh/guest/memory_map.hpp"

#include "map_entries.hpp"
#include "sort.hpp"

namespace pvh::guest {
namespace {

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

Result<MapRange> MemoryMap::from(uint64_t address) const {
  MapRange result{};
  bool found = false;
  for (uint64_t here = address;;) {
    // First pass: who is strongest here; and where nobody is, where the next one starts.
    MapRange strongest{};
    bool covered = false;
    uint64_t next_start = UINT64_MAX;
    bool more = false;
    MapRange range;
    MapEntries entries(memory_, paddr_, entries_);
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
    MapEntries again(memory_, paddr_, entries_);
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
