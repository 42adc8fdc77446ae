// How sentences about a capture name ranges and the guest's bytes.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace pvh::conform {

/// "0x1000 to 0x1fff"
inline std::string range_text(std::uint64_t at, std::uint64_t size) {
  if (size == 0) return fmt::format("nothing at {:#x}", at);
  if (size - 1 > UINT64_MAX - at) return fmt::format("{:#x} and {} bytes, which is beyond 2^64", at, size);
  return fmt::format("{:#x} to {:#x}", at, at + (size - 1));
}

/// The bytes as text, with all that is not printable ASCII written as \x1b, and no more than `most` of them.
/// Not named `quoted`: argument-dependent lookup prefers std::quoted for a std::string where <iomanip> is
/// included.
inline std::string quote(std::string_view text, std::size_t most = 60) {
  std::string out = "\"";
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
      out += c;
    else
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  if (text.size() > most) return out + fmt::format("\"… ({} bytes)", text.size());
  return out + '"';
}

}  // namespace pvh::conform
