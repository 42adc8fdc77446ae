// Sizes and numbers as people write and read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pvh/base/address.hpp"
#include "pvh/words/sizes.hpp"

namespace pvh::cli {

using words::format_size;
using words::memory_argument;

/// "4096", "0x1000", "4K", "4KiB", "4k": bytes. A plain number counts in `unit`. Nothing where it is not
/// such, or passes 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t unit = 1);

/// "17", "0x11". Nothing where it is not such, or passes 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// "43 ms", "2.1 s", "2 min 5 s": as exact as a person wants it.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

}  // namespace pvh::cli
