// An error of the library as a sentence for people.
#pragma once

#include <string>
#include <string_view>

#include "pvh/base/error.hpp"

namespace pvh::words {

/// One sentence with its full stop, and the clause of the contract where there is one; a second where an
/// amount of memory would do. For example: "the entry note (at 0x1637fc4) has a descriptor of 6 bytes; it
/// must be 4 or 8 (NOTE-2)." Safe to print: what came from a file is made `printable`.
[[nodiscard]] std::string describe(const Error& error);

/// "no-kernel-position": the name of `fault` for programs, which stays when others are added.
[[nodiscard]] std::string fault_id(Fault fault);

/// `text` with everything that could move a terminal's cursor, turn the writing or end the line, and every
/// byte that is no UTF-8, written as \x1b and the like. Other UTF-8 stays.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace pvh::words
