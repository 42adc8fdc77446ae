// The one place where foreign bytes become numbers, and numbers bytes: bounds-checked, unaligned,
// little-endian (HDR-5).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pvh {

using Bytes = std::span<const std::byte>;

/// `size` bytes of `bytes` from `offset`, or nothing where any of them lies outside. Never wraps.
[[nodiscard]] constexpr std::optional<Bytes> slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

/// The little-endian integer at `offset`, or nothing where any of its bytes lies outside.
template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> read_le(Bytes bytes, std::uint64_t offset) {
  const auto piece = slice(bytes, offset, sizeof(T));
  if (!piece) return std::nullopt;
  T value;
  std::memcpy(&value, piece->data(), sizeof(T));
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

/// Appends `value`, little-endian.
template <std::unsigned_integral T>
void append_le(std::vector<std::byte>& out, T value) {
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  // Byte by byte: g++ 12 takes a resize of a vector whose size it can tell for an overflow, and warns.
  for (const std::byte byte : std::bit_cast<std::array<std::byte, sizeof(T)>>(value)) out.push_back(byte);
}

/// The bytes of `text`, without a NUL.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The characters in `bytes`, all of them. Valid as long as `bytes` are.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  // char may alias anything; this is the only cast of its kind.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace pvh
