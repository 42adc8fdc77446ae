#include "placement.hpp"

#include <algorithm>
#include <optional>

#include "pvh/board/board.hpp"

namespace pvh::boot {

namespace {

constexpr std::uint64_t kStructureAlignment = 8;  // START-8
/// Linux reads what it is handed through page tables that end here (START-8).
constexpr GuestAddress kPreferredLimit{kGiB};
constexpr GuestAddress kLimit{kFourGiB};

class Placer {
 public:
  Placer(const GuestRange& kernel, FreeMemory free)
      : free_(std::move(free)), largest_{.name = "the kernel", .range = kernel, .size = {}} {
    free_.take(kernel);
    open_ = free_.pieces_below(board::kLowMemoryEnd);
  }

  Result<GuestAddress> place_structure(const Item& item) {
    const auto size = align_up(item.size, kStructureAlignment);
    if (!size) return no_room(item);
    if (const auto place = in_open_piece(*size)) return *place;
    const auto place = highest_fit(*size);
    if (!place) return no_room(item);
    free_.take(*place);
    open_.push_back(*place);
    return *in_open_piece(*size);
  }

  Result<GuestAddress> place_module(const Item& item) {
    // An empty module has an address too, which nothing else has: 0 would say that there is none (START-4).
    const auto place = highest_fit(std::max<std::uint64_t>(item.size, 1));
    if (!place) return no_room(item);
    free_.take(*place);
    if (item.size > largest_.range->size()) largest_ = {.name = item.name, .range = *place, .size = {}};
    return place->start();
  }

 private:
  [[nodiscard]] std::optional<GuestRange> highest_fit(std::uint64_t size) const {
    const auto preferred = free_.highest_fit(size, kPreferredLimit);
    return preferred ? preferred : free_.highest_fit(size, kLimit);
  }

  /// `size` bytes of the first open piece that has them.
  std::optional<GuestAddress> in_open_piece(std::uint64_t size) {
    const auto piece = std::ranges::find_if(open_, [&](const GuestRange& p) { return p.size() >= size; });
    if (piece == open_.end()) return std::nullopt;
    const GuestRange taken = *GuestRange::from_size(piece->start(), size);
    free_.take(taken);
    if (const auto rest = GuestRange::from_ends(taken.end(), piece->end())) {
      *piece = *rest;
    } else {
      open_.erase(piece);
    }
    return taken.start();
  }

  [[nodiscard]] std::unexpected<Error> no_room(const Item& item) const {
    return std::unexpected(Error{.what = Fault::kNoRoom,
                                 .clause = Clause::kPlace2,
                                 .found = Size{free_.largest()},
                                 .thing = Thing{item.name, {}, item.size},
                                 .obstacle = largest_});
  }

  FreeMemory free_;
  /// Where structures are packed: low memory, then what was taken for those that did not fit into it.
  std::vector<GuestRange> open_;
  Thing largest_;  ///< of what has its place
};

}  // namespace

Result<Placement> place(const Needs& needs, const GuestRange& kernel, FreeMemory free) {
  Placer placer(kernel, std::move(free));
  Placement placement;
  for (const Item& item : needs.structures) {
    const auto address = placer.place_structure(item);
    if (!address) return std::unexpected(address.error());
    placement.structures.push_back(*address);
  }
  for (const Item& item : needs.modules) {
    const auto address = placer.place_module(item);
    if (!address) return std::unexpected(address.error());
    placement.modules.push_back(*address);
  }
  return placement;
}

}  // namespace pvh::boot
