// Sorting without a library, a heap or recursion: quicksort with its open pieces on a small stack, and
// heapsort for a piece that a hostile order makes too deep. O(n log n) for any input.
#pragma once

#include "pvh/guest.h"

namespace pvh::guest {

/// By `first`, ascending; equal ones in any order.
void sort_by_start(pvh_map_range* ranges, size_t count);

}  // namespace pvh::guest
