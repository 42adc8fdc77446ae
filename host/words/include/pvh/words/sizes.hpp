// Sizes as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace pvh::words {

/// "6 bytes", "12 MiB", "12.3 MiB": exact where that is short, else to a tenth, rounded to nearest.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// The least whole number of MiB that is `bytes` or more, as the command's option -m takes it: "43M", "2G".
[[nodiscard]] std::string memory_argument(std::uint64_t bytes);

}  // namespace pvh::words
