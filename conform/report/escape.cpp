#include "pvh/report/escape.hpp"

#include <fmt/format.h>

namespace pvh::conform {
namespace {

/// How many bytes the UTF-8 character at the beginning has, if it is a whole one that can be shown; else 0.
std::size_t plain_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  // C1 controls and what turns the direction of writing begin with c2 and e2: of these only what we write.
  const std::size_t length = byte(0) < 0xc3   ? 0
                             : byte(0) < 0xe0 ? 2
                             : byte(0) < 0xf0 ? 3
                             : byte(0) < 0xf5 ? 4
                                              : 0;
  if (length == 0 || length > text.size()) return 0;
  if (byte(0) == 0xe2 && text.substr(0, 3) != "…" && text.substr(0, 3) != "–") return 0;
  if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) >= 0xa0)) return 0;
  if ((byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) >= 0x90)) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  return length;
}

template <class Plain, class Other>
std::string escaped(std::string_view text, Plain plain, Other other) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = plain_character(text);
    if (length > 0)
      out += plain(text.substr(0, length));
    else
      out += other(static_cast<unsigned char>(text.front()));
    text.remove_prefix(length > 0 ? length : 1);
  }
  return out;
}

std::string as_number(unsigned char byte) {
  return fmt::format("\\x{:02x}", byte);
}

}  // namespace

std::string one_line(std::string_view text) {
  return escaped(text, [](std::string_view c) { return std::string(c); }, as_number);
}

std::string xml(std::string_view text) {
  return escaped(
      text,
      [](std::string_view c) -> std::string {
        if (c == "&") return "&amp;";
        if (c == "<") return "&lt;";
        if (c == ">") return "&gt;";
        if (c == "\"") return "&quot;";
        if (c == "'") return "&#39;";
        return std::string(c);
      },
      as_number);
}

std::string tap(std::string_view text) {
  std::string out = one_line(text);
  for (std::size_t at = out.find('#'); at != std::string::npos; at = out.find('#', at + 2))
    out.insert(at, 1, '\\');
  return out;
}

}  // namespace pvh::conform
