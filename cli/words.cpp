#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "units.hpp"

namespace pvh::cli {
namespace {

using Span = std::span<const FaultWords>;

std::array<Span, 8> all_words() {
  return {words_elf(),  words_containers(), words_board(),   words_boot(),
          words_qemu(), words_kvm(),        words_conform(), words_cli()};
}

std::string size_text(const Size& size, bool exact) {
  return exact ? fmt::format("{} bytes", size.bytes) : format_size(size.bytes);
}

std::string fact_text(const Fact& fact, bool exact_sizes) {
  if (const auto* number = std::get_if<std::uint64_t>(&fact)) return fmt::format("{}", *number);
  if (const auto* hex = std::get_if<Hex>(&fact)) return fmt::format("{:#x}", hex->value);
  if (const auto* size = std::get_if<Size>(&fact)) return size_text(*size, exact_sizes);
  if (const auto* text = std::get_if<std::string>(&fact)) return printable(*text);
  return "nothing";
}

/// Two sizes that differ must not read the same: "1.0 GiB, and 1.0 GiB at the most" helps nobody.
bool needs_exact_sizes(const Error& error) {
  const auto* found = std::get_if<Size>(&error.found);
  const auto* wanted = std::get_if<Size>(&error.wanted);
  return found != nullptr && wanted != nullptr && *found != *wanted &&
         size_text(*found, false) == size_text(*wanted, false);
}

std::string thing_text(const std::optional<Thing>& thing) {
  if (!thing) return "nothing";
  std::string text = printable(thing->name);
  if (thing->range) {
    text += fmt::format(", {} at {:#x}", format_size(thing->range->size()), thing->range->start().value());
  } else if (thing->size) {
    text += fmt::format(", {}", format_size(*thing->size));
  }
  return text;
}

std::string where_text(const Error& error) {
  if (!error.where) return error.within.empty() ? "an unknown place" : printable(error.within);
  const std::string offset = fmt::format("{:#x}", *error.where);
  return error.within.empty() ? offset : fmt::format("{} of {}", offset, printable(error.within));
}

std::optional<std::string> value_of(std::string_view name, const Error& error, std::string_view file) {
  if (name == "file") return printable(file);
  if (name == "subject") return printable(error.subject);
  if (name == "where") return where_text(error);
  if (name == "found") return fact_text(error.found, needs_exact_sizes(error));
  if (name == "wanted") return fact_text(error.wanted, needs_exact_sizes(error));
  if (name == "thing") return thing_text(error.thing);
  if (name == "obstacle") return thing_text(error.obstacle);
  if (name == "would_do") {
    return error.memory_that_would_do ? memory_argument(*error.memory_that_would_do) : "more memory";
  }
  return std::nullopt;
}

/// What a terminal obeys rather than shows: C1 controls, and those that turn the direction of writing.
bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/// How many bytes the first character of `text` has; 0 where it is no UTF-8, or not to be shown as it is.
std::size_t plain_character(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  std::uint32_t code = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kLeast[length] || code > 0x10ffff || surrogate || is_control(code) ? 0 : length;
}

}  // namespace

const FaultWords* words_of(Fault fault) {
  for (const Span& room : all_words()) {
    for (const FaultWords& words : room) {
      if (words.fault == fault) return &words;
    }
  }
  return nullptr;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = plain_character(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else if (text.front() == '\n') {
      out += "\\n";
    } else if (text.front() == '\t') {
      out += "\\t";
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string fill_in(std::string_view text, const Error& error, std::string_view file) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const std::size_t close = text.find('}');
    const auto value =
        close == std::string_view::npos ? std::nullopt : value_of(text.substr(1, close - 1), error, file);
    if (!value) {
      out += '{';
      text.remove_prefix(1);
      continue;
    }
    out += *value;
    text.remove_prefix(close + 1);
  }
  return out;
}

std::string sentence(const Error& error, std::string_view file) {
  const FaultWords* words = words_of(error.what);
  std::string out = words != nullptr ? fill_in(words->sentence, error, file)
                                     : fmt::format("fault {}", static_cast<unsigned>(error.what));
  if (error.clause != Clause::kNone) out += fmt::format(" ({})", clause_id(error.clause));
  out += '.';
  return out;
}

std::string remedy(const Error& error, std::string_view file) {
  const FaultWords* words = words_of(error.what);
  return words != nullptr ? fill_in(words->remedy, error, file) : std::string();
}

std::string message(const Failure& failure) {
  std::string out = "pvh: ";
  if (!failure.file.empty()) out += printable(failure.file) + ": ";
  out += sentence(failure.error, failure.file) + '\n';
  const std::string advice = remedy(failure.error, failure.file);
  if (!advice.empty()) out += "     " + advice + '\n';
  return out;
}

}  // namespace pvh::cli
