// A guest's memory where nobody says more. Also for what runs before libc is ready (cli/start.cpp).
#pragma once

#include <cstdint>

namespace pvh::launch {

inline constexpr std::uint64_t kDefaultMemoryMiB = 512;

}  // namespace pvh::launch
