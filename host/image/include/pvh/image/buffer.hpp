// Memory for unpacked bytes: address space for the most that is allowed, pages only for what was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh::image {

/// A fixed place of `capacity` zero bytes that costs memory only where it is touched. Movable, not copyable;
/// moving does not move the bytes.
class Buffer {
 public:
  Buffer() = default;
  /// Fails with Fault::kNoAddressSpace where the host has no room for `capacity` bytes.
  [[nodiscard]] static Result<Buffer> reserve(std::uint64_t capacity);

  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  [[nodiscard]] std::span<std::byte> space() { return {data_, capacity_}; }
  /// Keeps the first `size` bytes and gives back the rest.
  void shrink(std::uint64_t size);
  [[nodiscard]] Bytes bytes() const { return {data_, capacity_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace pvh::image
