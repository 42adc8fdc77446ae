// What normalising shall give, by the slowest and plainest way: every boundary, and between two of them the
// strongest of all that reach there. Written without a look at the fast one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "pvh/guest/memory_map.hpp"

namespace pvh::guest {

inline std::vector<MapRange> reference_normalise(const std::vector<MapRange>& ranges) {
  std::vector<uint64_t> starts;  // where something may change
  for (const auto& range : ranges) {
    starts.push_back(range.first);
    if (range.last != UINT64_MAX) starts.push_back(range.last + 1);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

  std::vector<MapRange> result;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const uint64_t first = starts[i];
    const uint64_t last = i + 1 < starts.size() ? starts[i + 1] - 1 : UINT64_MAX;
    std::optional<uint32_t> type;
    for (const auto& range : ranges)
      if (range.first <= first && first <= range.last)
        if (!type || precedence(range.type) > precedence(*type)) type = range.type;
    if (!type) continue;
    if (!result.empty() && result.back().type == *type && result.back().last + 1 == first)
      result.back().last = last;
    else
      result.push_back({first, last, *type, 0});
  }
  return result;
}

inline bool same_ranges(const std::vector<MapRange>& a, const std::vector<MapRange>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const MapRange& x, const MapRange& y) {
    return x.first == y.first && x.last == y.last && x.type == y.type;
  });
}

}  // namespace pvh::guest
