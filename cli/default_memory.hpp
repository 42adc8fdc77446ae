// A guest's memory where nobody says more. Also for what runs before libc is ready (start.cpp).
#pragma once

#include <cstdint>

namespace pvh::cli {

inline constexpr std::uint64_t kDefaultMemoryMiB = 512;

}  // namespace pvh::cli
