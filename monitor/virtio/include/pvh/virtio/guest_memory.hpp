// The one place where a device comes to guest memory. The guest writes there while we read: what is read here
// is read once, and what is handed out never leaves the guest's RAM.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pvh/backend/shared_queue.hpp"
#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"

namespace pvh::virtio {

using backend::RamPiece;

/// Guest RAM as devices see it. The host's mapping outlives it and does not move.
class GuestMemory {
 public:
  explicit GuestMemory(std::vector<RamPiece> pieces) : pieces_(std::move(pieces)) {}

  /// `size` bytes from `at` on, where all of them lie in one piece of RAM. Nothing for an empty range.
  [[nodiscard]] std::optional<std::span<std::byte>> find(GuestAddress at, std::uint64_t size) const;

  [[nodiscard]] std::span<const RamPiece> pieces() const { return pieces_; }

 private:
  std::vector<RamPiece> pieces_;  // a handful
};

/// A number that the guest may change at any moment, read once. `memory` has room for it at `offset`; where
/// it is not aligned its bytes may come from before and after a change.
template <std::unsigned_integral T>
[[nodiscard]] T load(std::span<std::byte> memory, std::size_t offset,
                     std::memory_order order = std::memory_order_relaxed) {
  std::byte* const at = memory.data() + offset;
  if constexpr (sizeof(T) > 1) {
    if (std::bit_cast<std::uintptr_t>(at) % alignof(T) != 0) {
      T value = 0;
      for (std::size_t i = sizeof(T); i > 0; --i)
        value = static_cast<T>(value << 8U) | load<std::uint8_t>(memory, offset + i - 1, order);
      return value;
    }
  }
  return std::atomic_ref(*reinterpret_cast<T*>(at)).load(order);
}

/// `memory` has room for the number at `offset`, which is aligned.
template <std::unsigned_integral T>
void store(std::span<std::byte> memory, std::size_t offset, T value,
           std::memory_order order = std::memory_order_relaxed) {
  std::atomic_ref(*reinterpret_cast<T*>(memory.data() + offset)).store(value, order);
}

/// Pieces of guest RAM, one after the other, as the kernel's calls take them.
class Buffers {
 public:
  void clear() {
    pieces_.clear();
    size_ = 0;
  }
  void append(std::span<std::byte> piece);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const iovec> pieces() const { return pieces_; }

  /// Copies as much as there is; says how much that was.
  std::size_t read(std::span<std::byte> into) const;
  /// From the byte at `offset` on.
  std::size_t write(Bytes from, std::uint64_t offset = 0) const;

  /// Forgets the first `count` bytes, or all but the first `count`.
  void drop_front(std::uint64_t count);
  void keep_front(std::uint64_t count);
  /// The last `count` bytes of the last piece, and forgets them; empty where it has not so many.
  [[nodiscard]] std::span<std::byte> take_back(std::size_t count);

 private:
  std::vector<iovec> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace pvh::virtio
