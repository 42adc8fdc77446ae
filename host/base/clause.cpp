#include <array>
#include <cstddef>

#include "pvh/base/error.hpp"

namespace pvh {

namespace {

// In the order of the enumeration.
constexpr auto kIds = std::to_array<std::string_view>({
    "",        "HDR-1",   "HDR-2",   "HDR-3",   "HDR-4",   "HDR-5",   "NOTE-1",  "NOTE-2",
    "NOTE-3",  "NOTE-4",  "NOTE-5",  "NOTE-6",  "NOTE-7",  "START-1", "START-2", "START-3",
    "START-4", "START-5", "START-6", "START-7", "START-8", "MAP-1",   "MAP-2",   "MAP-3",
    "MAP-4",   "MAP-5",   "CPU-1",   "CPU-2",   "CPU-3",   "CPU-4",   "CPU-5",   "CPU-6",
    "PLACE-1", "PLACE-2", "PLACE-3", "CONS-1",  "CONS-2",  "CONS-3",  "CONS-4",
});
static_assert(kIds.size() == static_cast<std::size_t>(Clause::kCons4) + 1);

}  // namespace

std::string_view clause_id(Clause clause) {
  return kIds[static_cast<std::size_t>(clause)];
}

std::optional<Clause> clause_named(std::string_view text) {
  for (std::size_t i = 1; i < kIds.size(); ++i)
    if (kIds[i] == text) return static_cast<Clause>(i);
  return std::nullopt;
}

}  // namespace pvh
