// How much the kernel cache may keep.
#pragma once

#include <cstdint>

namespace pvh::cli {

/// The bytes of ELF files to keep at most: PVH_CACHE_SIZE, where that is a size (0: none). Says where it is
/// not.
[[nodiscard]] std::uint64_t cache_limit();

}  // namespace pvh::cli
