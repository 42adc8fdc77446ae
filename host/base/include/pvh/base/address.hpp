// Guest-physical addresses and ranges of them. An address is neither a number nor a pointer; a range is made
// only by the two factories, which check it, so that whoever holds one need not check it again.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace pvh {

inline constexpr std::uint64_t kKiB = std::uint64_t{1} << 10U;
inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t kTiB = std::uint64_t{1} << 40U;
inline constexpr std::uint64_t kPageSize = 4 * kKiB;

/// The end of what 32-bit fields can name: what the start info points to lies below it (START-8).
inline constexpr std::uint64_t kFourGiB = 4 * kGiB;

/// One past the highest physical address that the x86 architecture can name (52 bits).
inline constexpr std::uint64_t kAddressLimit = std::uint64_t{1} << 52U;

/// A guest-physical address.
class GuestAddress {
 public:
  constexpr GuestAddress() = default;
  constexpr explicit GuestAddress(std::uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool is_aligned(std::uint64_t alignment) const { return value_ % alignment == 0; }

  constexpr auto operator<=>(const GuestAddress&) const = default;

 private:
  std::uint64_t value_ = 0;
};

/// `size` bytes of guest-physical memory from `start`: never empty, never beyond `kAddressLimit`.
class GuestRange {
 public:
  /// Nothing where `size` is 0 or the range would pass `kAddressLimit`.
  [[nodiscard]] static constexpr std::optional<GuestRange> from_size(GuestAddress start, std::uint64_t size) {
    if (size == 0 || start.value() >= kAddressLimit || size > kAddressLimit - start.value())
      return std::nullopt;
    return GuestRange(start, size);
  }

  /// From `start` up to, not including, `end`; nothing where that is empty or passes `kAddressLimit`.
  [[nodiscard]] static constexpr std::optional<GuestRange> from_ends(GuestAddress start, GuestAddress end) {
    if (end <= start) return std::nullopt;
    return from_size(start, end.value() - start.value());
  }

  [[nodiscard]] constexpr GuestAddress start() const { return start_; }
  [[nodiscard]] constexpr std::uint64_t size() const { return size_; }
  [[nodiscard]] constexpr GuestAddress end() const { return GuestAddress(start_.value() + size_); }
  [[nodiscard]] constexpr GuestAddress last() const { return GuestAddress(start_.value() + (size_ - 1)); }

  [[nodiscard]] constexpr bool contains(GuestAddress address) const {
    return start_ <= address && address < end();
  }
  [[nodiscard]] constexpr bool contains(const GuestRange& other) const {
    return start_ <= other.start_ && other.end() <= end();
  }
  [[nodiscard]] constexpr bool overlaps(const GuestRange& other) const {
    return start_ < other.end() && other.start_ < end();
  }

  constexpr auto operator<=>(const GuestRange&) const = default;

 private:
  constexpr GuestRange(GuestAddress start, std::uint64_t size) : start_(start), size_(size) {}

  GuestAddress start_;
  std::uint64_t size_;
};

/// `value` rounded up to a multiple of `alignment` (a power of two), or nothing where that wraps.
[[nodiscard]] constexpr std::optional<std::uint64_t> align_up(std::uint64_t value, std::uint64_t alignment) {
  const std::uint64_t mask = alignment - 1;
  if (value > UINT64_MAX - mask) return std::nullopt;
  return (value + mask) & ~mask;
}

[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
  return value & ~(alignment - 1);
}

}  // namespace pvh
