#include "free_memory.hpp"

#include <algorithm>
#include <bit>

namespace pvh::boot {

FreeMemory::FreeMemory(std::span<const GuestRange> ram) {
  for (const GuestRange& range : ram) {
    const std::uint64_t first_page = (range.start().value() + kPageSize - 1) / kPageSize;
    const std::uint64_t start = std::max(first_page * kPageSize, kPageSize);
    const std::uint64_t end = align_down(std::min(range.end().value(), kFourGiB), kPageSize);
    if (start < end) pieces_.push_back({start, end});
  }
  build_tree();
}

std::optional<GuestRange> FreeMemory::highest_fit(std::uint64_t size, GuestAddress limit) const {
  const auto rounded = align_up(size, kPageSize);
  if (!rounded || *rounded == 0) return std::nullopt;
  const auto after = std::ranges::lower_bound(pieces_, limit.value(), {}, &Piece::start);
  if (after == pieces_.begin()) return std::nullopt;

  // Only the last piece that starts below the limit can pass it.
  const auto crossing = static_cast<std::size_t>(after - pieces_.begin()) - 1;
  const std::uint64_t crossing_end = align_down(std::min(pieces_[crossing].end, limit.value()), kPageSize);
  if (crossing_end >= pieces_[crossing].start && crossing_end - pieces_[crossing].start >= *rounded)
    return GuestRange::from_size(GuestAddress{crossing_end - *rounded}, *rounded);

  const auto piece = last_with(*rounded, crossing);
  if (!piece) return std::nullopt;
  return GuestRange::from_size(GuestAddress{pieces_[*piece].end - *rounded}, *rounded);
}

void FreeMemory::take(const GuestRange& range) {
  const std::uint64_t start = align_down(range.start().value(), kPageSize);
  const std::uint64_t end = align_down(range.last().value(), kPageSize) + kPageSize;
  auto piece = std::ranges::upper_bound(pieces_, start, {}, &Piece::end);
  if (piece == pieces_.end()) return;

  if (piece->start < start && end < piece->end) {
    const Piece above{end, piece->end};
    piece->end = start;
    pieces_.insert(piece + 1, above);
    build_tree();
    return;
  }
  for (; piece != pieces_.end() && piece->start < end; ++piece) {
    if (piece->start < start) {
      piece->end = std::min(piece->end, start);
    } else {
      piece->start = std::min(piece->end, end);
    }
    update_tree(static_cast<std::size_t>(piece - pieces_.begin()));
  }
}

std::vector<GuestRange> FreeMemory::pieces_below(GuestAddress limit) const {
  std::vector<GuestRange> result;
  for (const Piece& piece : pieces_) {
    if (piece.start >= limit.value()) break;
    const auto range =
        GuestRange::from_ends(GuestAddress{piece.start}, GuestAddress{std::min(piece.end, limit.value())});
    if (range) result.push_back(*range);
  }
  return result;
}

std::uint64_t FreeMemory::largest() const {
  return largest_[1];
}

void FreeMemory::build_tree() {
  leaves_ = std::bit_ceil(std::max<std::size_t>(pieces_.size(), 1));
  largest_.assign(2 * leaves_, 0);
  for (std::size_t i = 0; i < pieces_.size(); ++i) largest_[leaves_ + i] = pieces_[i].end - pieces_[i].start;
  for (std::size_t node = leaves_ - 1; node > 0; --node)
    largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
}

void FreeMemory::update_tree(std::size_t piece) {
  std::size_t node = leaves_ + piece;
  largest_[node] = pieces_[piece].end - pieces_[piece].start;
  for (node /= 2; node > 0; node /= 2) largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
}

std::optional<std::size_t> FreeMemory::last_with(std::uint64_t size, std::size_t count) const {
  // Up from the end of the prefix until a subtree to the left has room, then down its right edge.
  std::size_t node = leaves_ + count;
  while (true) {
    if (std::has_single_bit(node)) return std::nullopt;  // the left edge: nothing lies before it
    if (node % 2 == 1 && largest_[node - 1] >= size) {
      node -= 1;
      break;
    }
    node /= 2;
  }
  while (node < leaves_) {
    const std::size_t right = 2 * node + 1;
    node = largest_[right] >= size ? right : right - 1;
  }
  return node - leaves_;
}

}  // namespace pvh::boot
