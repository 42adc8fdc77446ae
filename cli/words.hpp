// Words for people: one sentence and one remedy for each Fault. An Error holds facts; only here they become
// text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"

namespace pvh::cli {

/// What is said about one fault. In braces stand an error's facts: file, subject, where, found, wanted,
/// thing, obstacle, would_do. The sentence has no full stop; the clause and the stop are appended.
struct FaultWords {
  Fault fault;
  std::string_view sentence;
  std::string_view remedy;  ///< what to do: full sentences, or nothing
};

// Each room's, in its own file.
[[nodiscard]] std::span<const FaultWords> words_elf();
[[nodiscard]] std::span<const FaultWords> words_containers();
[[nodiscard]] std::span<const FaultWords> words_board();
[[nodiscard]] std::span<const FaultWords> words_boot();
[[nodiscard]] std::span<const FaultWords> words_qemu();
[[nodiscard]] std::span<const FaultWords> words_kvm();
[[nodiscard]] std::span<const FaultWords> words_conform();
[[nodiscard]] std::span<const FaultWords> words_cli();

/// An error and the file that it is about; no file where it is about none.
struct Failure {
  Error error;
  std::string file = {};
};

/// The words for `fault`, or nothing where nobody wrote any (a test sees to it that somebody did).
[[nodiscard]] const FaultWords* words_of(Fault fault);

/// "no-kernel-position": the name of `fault` for programs, which stays when others are added.
[[nodiscard]] std::string fault_id(Fault fault);

/// `text` with the facts of `error` in its braces. A name that is none is left as it stands.
[[nodiscard]] std::string fill_in(std::string_view text, const Error& error, std::string_view file);

/// "the entry note (at 0x1637fc4) has a descriptor of 6 bytes; it must be 4 or 8 (NOTE-2)."
[[nodiscard]] std::string sentence(const Error& error, std::string_view file);

/// What to do about it; empty where there is nothing to say.
[[nodiscard]] std::string remedy(const Error& error, std::string_view file);

/// "pvh: FILE: sentence", a line with the remedy under it, and a newline: ready for standard error.
[[nodiscard]] std::string message(const Failure& failure);

/// `text` with everything that could move a terminal's cursor, turn the writing or end the line, and every
/// byte that is no UTF-8, written as \x1b and the like. Other UTF-8 stays.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace pvh::cli
