#include "pvh/words/words.hpp"

#include <fmt/format.h>

#include <optional>

#include "pvh/words/describe.hpp"
#include "pvh/words/sizes.hpp"

namespace pvh::words {
namespace {

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

}  // namespace

std::array<Table, 4> library_words() {
  return {words_elf(), words_containers(), words_board(), words_boot()};
}

const FaultWords* find_words(std::span<const Table> tables, Fault fault) {
  for (const Table& table : tables) {
    for (const FaultWords& words : table) {
      if (words.fault == fault) return &words;
    }
  }
  return nullptr;
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

std::string sentence(const FaultWords* words, const Error& error, std::string_view file) {
  std::string out = words != nullptr ? fill_in(words->sentence, error, file) : fault_id(error.what);
  if (error.clause != Clause::kNone) out += fmt::format(" ({})", clause_id(error.clause));
  out += '.';
  return out;
}

std::string describe(const Error& error) {
  std::string out = sentence(find_words(library_words(), error.what), error, {});
  if (error.memory_that_would_do) out += fill_in(" Memory of {would_do} would do.", error, {});
  return out;
}

}  // namespace pvh::words
