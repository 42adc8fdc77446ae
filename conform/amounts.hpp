// Amounts of memory in the words of any program.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pvh::conform {

/// Each amount that `text` names, in bytes and in order: "20 MiB", "22M", "5120 pages", "0x1400000",
/// "20971520". A number that belongs to a word ("ttyS0", "x86-64") is none, nor is an address ("at
/// 0x100000").
[[nodiscard]] std::vector<std::uint64_t> amounts_in(std::string_view text);

/// Whether `amount` is what one would print for `size`: rounded, or in units of a thousand.
[[nodiscard]] bool stands_for(std::uint64_t amount, std::uint64_t size);

}  // namespace pvh::conform
