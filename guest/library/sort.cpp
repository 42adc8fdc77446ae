#include "sort.hpp"

namespace pvh::guest {
namespace {

using Range = pvh_map_range;

/// Member by member: where code shall be small, a compiler copies a whole structure by string instructions,
/// which takes three times as long.
inline void copy(Range& to, const Range& from) {
  to.first = from.first;
  to.last = from.last;
  to.type = from.type;
}

void swap(Range& a, Range& b) noexcept {
  Range kept;
  copy(kept, a);
  copy(a, b);
  copy(b, kept);
}

void insertion_sort(Range* ranges, size_t count) {
  for (size_t i = 1; i < count; ++i) {
    Range moved;
    copy(moved, ranges[i]);
    size_t hole = i;
    for (; hole != 0 && ranges[hole - 1].first > moved.first; --hole) copy(ranges[hole], ranges[hole - 1]);
    copy(ranges[hole], moved);
  }
}

void sift_down(Range* ranges, size_t parent, size_t count) {
  Range moved;
  copy(moved, ranges[parent]);
  for (size_t child = 2 * parent + 1; child < count; child = 2 * parent + 1) {
    if (child + 1 < count && ranges[child + 1].first > ranges[child].first) ++child;
    if (ranges[child].first <= moved.first) break;
    copy(ranges[parent], ranges[child]);
    parent = child;
  }
  copy(ranges[parent], moved);
}

void heapsort(Range* ranges, size_t count) {
  for (size_t i = count / 2; i != 0; --i) sift_down(ranges, i - 1, count);
  for (size_t end = count - 1; end != 0; --end) {
    swap(ranges[0], ranges[end]);
    sift_down(ranges, 0, end);
  }
}

uint64_t median(uint64_t a, uint64_t b, uint64_t c) {
  if (a > b) return median(b, a, c);
  if (c <= a) return a;
  return c < b ? c : b;
}

/// Splits into what is not above and what is not below a pivot; gives the size of the first part, neither
/// empty.
size_t partition(Range* ranges, size_t count) {
  const uint64_t pivot = median(ranges[0].first, ranges[count / 2].first, ranges[count - 1].first);
  size_t low = 0;
  size_t high = count - 1;
  for (;;) {
    while (ranges[low].first < pivot) ++low;
    while (ranges[high].first > pivot) --high;
    if (low >= high) return low == 0 ? 1 : low;
    swap(ranges[low++], ranges[high--]);
  }
}

}  // namespace

void sort_by_start(Range* ranges, size_t count) {
  struct Piece {
    Range* ranges;
    size_t count;
    unsigned depth;
  };
  constexpr size_t kSmall = 16;
  // The larger part waits and the smaller is next, so there are never more than the bits of a size.
  Piece waiting[8 * sizeof(size_t)];
  size_t waiting_count = 0;

  unsigned depth = 2;
  for (size_t rest = count; rest > 1; rest /= 2) depth += 2;
  Piece piece{ranges, count, depth};
  for (;;) {
    while (piece.count > kSmall) {
      if (piece.depth == 0) {
        heapsort(piece.ranges, piece.count);
        piece.count = 0;
        break;
      }
      const size_t split = partition(piece.ranges, piece.count);
      const Piece low{piece.ranges, split, piece.depth - 1};
      const Piece high{piece.ranges + split, piece.count - split, piece.depth - 1};
      const bool low_is_larger = low.count > high.count;
      waiting[waiting_count++] = low_is_larger ? low : high;
      piece = low_is_larger ? high : low;
    }
    insertion_sort(piece.ranges, piece.count);
    if (waiting_count == 0) return;
    piece = waiting[--waiting_count];
  }
}

}  // namespace pvh::guest
