// Words for people: the library's (words/), and those of the engines and of the command itself.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"
#include "pvh/launch/failure.hpp"
#include "pvh/words/describe.hpp"
#include "pvh/words/words.hpp"

namespace pvh::cli {

using words::fault_id;
using words::FaultWords;
using words::fill_in;
using words::printable;

// Each room's, in its own file.
[[nodiscard]] words::Table words_qemu();
[[nodiscard]] words::Table words_kvm();
[[nodiscard]] words::Table words_cache();
[[nodiscard]] words::Table words_conform();
[[nodiscard]] words::Table words_virtio();
[[nodiscard]] words::Table words_cli();

/// Those and the library's.
[[nodiscard]] std::array<words::Table, 10> all_words();

using launch::Failure;

/// The words for `fault`, or nothing where nobody wrote any (a test sees to it that somebody did).
[[nodiscard]] const FaultWords* words_of(Fault fault);

/// "the entry note (at 0x1637fc4) has a descriptor of 6 bytes; it must be 4 or 8 (NOTE-2)."
[[nodiscard]] std::string sentence(const Error& error, std::string_view file);

/// What to do about it; empty where there is nothing to say.
[[nodiscard]] std::string remedy(const Error& error, std::string_view file);

/// "pvh: FILE: sentence", a line with the remedy under it, and a newline: ready for standard error.
[[nodiscard]] std::string message(const Failure& failure);

}  // namespace pvh::cli
