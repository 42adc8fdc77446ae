// The one decoder of foreign bytes: little-endian, any alignment, on any machine (HDR-5, CONS-3).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace pvh::guest {

template <class T>
[[nodiscard]] inline T swap_on_big_endian(T value) {
  if constexpr (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) return value;
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(value));
}

/// By memcpy, which the compiler makes one load where the machine can do it and single bytes where it cannot.
template <class T>
[[nodiscard]] inline T load(const unsigned char* bytes) {
  T value;
  __builtin_memcpy(&value, bytes, sizeof(T));
  return swap_on_big_endian(value);
}
[[nodiscard]] inline uint32_t load32(const unsigned char* bytes) {
  return load<uint32_t>(bytes);
}
[[nodiscard]] inline uint64_t load64(const unsigned char* bytes) {
  return load<uint64_t>(bytes);
}

template <class T>
inline void store(unsigned char* bytes, T value) {
  value = swap_on_big_endian(value);
  __builtin_memcpy(bytes, &value, sizeof(T));
}
inline void store32(unsigned char* bytes, uint32_t value) {
  store(bytes, value);
}
inline void store64(unsigned char* bytes, uint64_t value) {
  store(bytes, value);
}

/// Whether `size` bytes from `start` pass the end of the address space. The last byte may be its last.
[[nodiscard]] constexpr bool wraps(uint64_t start, uint64_t size) {
  return size != 0 && size - 1 > UINT64_MAX - start;
}

}  // namespace pvh::guest
