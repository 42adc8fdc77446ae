// What the words of any program name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pvh::conform {

/// Each amount that `text` names, in bytes and in order: "20 MiB", "22M", "5120 pages", "0x1400000",
/// "20971520". A number that belongs to a word ("ttyS0", "x86-64") is none, nor is an address ("at
/// 0x100000").
[[nodiscard]] std::vector<std::uint64_t> amounts_in(std::string_view text);

[[nodiscard]] std::string lower(std::string text);

[[nodiscard]] bool has_any(std::string_view text, std::initializer_list<std::string_view> parts);

/// Whether `word` stands in `text` with no letter before or behind it.
[[nodiscard]] bool has_word(std::string_view text, std::string_view word);

/// Whether `amount` is what one would print for `size`: rounded, or in units of a thousand.
[[nodiscard]] bool stands_for(std::uint64_t amount, std::uint64_t size);

}  // namespace pvh::conform
