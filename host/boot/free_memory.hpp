// Which pages are still free while a plan is made. Whole pages only: what is smaller is packed into them by
// placement.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pvh/base/address.hpp"

namespace pvh::boot {

/// The free pages below 4 GiB (START-8), page 0 never among them (START-4). A search and a `take` at the end
/// of a free piece cost O(log pieces); a `take` from the middle of one costs O(pieces).
class FreeMemory {
 public:
  /// The whole pages of `ram`, which is sorted and disjoint.
  explicit FreeMemory(std::span<const GuestRange> ram);

  /// The highest free `size` bytes, rounded up to pages, that end at or below `limit`.
  [[nodiscard]] std::optional<GuestRange> highest_fit(std::uint64_t size, GuestAddress limit) const;

  /// Takes every page that `range` touches, whether it was free or not.
  void take(const GuestRange& range);

  /// The free pieces below `limit`, lowest first.
  [[nodiscard]] std::vector<GuestRange> pieces_below(GuestAddress limit) const;

  /// Bytes of the largest free piece.
  [[nodiscard]] std::uint64_t largest() const;

 private:
  /// From `start` up to `end`; empty once all of it is taken.
  struct Piece {
    std::uint64_t start;
    std::uint64_t end;
  };

  void build_tree();
  void update_tree(std::size_t piece);
  /// The last of the first `count` pieces that has `size` bytes.
  [[nodiscard]] std::optional<std::size_t> last_with(std::uint64_t size, std::size_t count) const;

  std::vector<Piece> pieces_;  ///< sorted, disjoint
  std::size_t leaves_ = 1;     ///< a power of two
  /// A binary heap's layout: node i holds the largest size below it, its children are 2i and 2i + 1, and
  /// piece p is node leaves_ + p.
  std::vector<std::uint64_t> largest_;
};

}  // namespace pvh::boot
