// How sentences are made: one, and one remedy, for each Fault; an Error's facts fill it in. For the library's
// rooms the words are here; a program with faults of its own brings a table of its own.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"

namespace pvh::words {

/// What is said about one fault. In braces stand an error's facts: file, subject, where, found, wanted,
/// thing, obstacle, would_do. The sentence has no full stop; the clause and the stop are appended.
struct FaultWords {
  Fault fault;
  std::string_view sentence;
  std::string_view remedy;  ///< what to do, in terms of the command `pvh`: full sentences, or nothing
};

using Table = std::span<const FaultWords>;

// Each room's, in its own file.
[[nodiscard]] Table words_elf();
[[nodiscard]] Table words_containers();
[[nodiscard]] Table words_board();
[[nodiscard]] Table words_boot();

/// All of those.
[[nodiscard]] std::array<Table, 4> library_words();

/// The words for `fault` in one of `tables`; null where there are none.
[[nodiscard]] const FaultWords* find_words(std::span<const Table> tables, Fault fault);

/// `text` with the facts of `error` in its braces. A name that is none is left as it stands.
[[nodiscard]] std::string fill_in(std::string_view text, const Error& error, std::string_view file);

/// The sentence of `words` about `error`, with its clause and full stop; the fault's name where `words` is
/// null.
[[nodiscard]] std::string sentence(const FaultWords* words, const Error& error, std::string_view file);

}  // namespace pvh::words
