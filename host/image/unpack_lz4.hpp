// The parts of the lz4 decoder. Private to image/.
#pragma once

#include <cstdint>

#include "unpack.hpp"

namespace pvh::image {

inline constexpr std::uint32_t kLz4LegacyMagic = 0x184c2102;

[[nodiscard]] constexpr bool is_lz4_magic(std::uint32_t word) {
  constexpr std::uint32_t kFrameMagic = 0x184d2204;
  constexpr std::uint32_t kSkippableMagic = 0x184d2a50;  // and the 15 that follow
  return word == kLz4LegacyMagic || word == kFrameMagic || (word & 0xfffffff0U) == kSkippableMagic;
}

/// The legacy frame whose magic stands at `at`, decoded by at most `threads` threads; the result does not
/// depend on how many. On an error the output may hold more than one thread would have written: by each other
/// thread one block.
[[nodiscard]] Result<std::uint64_t> unpack_lz4_legacy_frame(Bytes packed, std::uint64_t at, Output& output,
                                                            unsigned threads);

/// How many threads are worth their start: at most one for each CPU that we may use.
[[nodiscard]] unsigned lz4_threads_for(Bytes packed);

}  // namespace pvh::image
