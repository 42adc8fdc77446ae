// What the well-known ELF notes of kernels mean, for people who look at them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/image/elf.hpp"

namespace pvh::cli {

/// "PHYS32_ENTRY", "build ID"; empty where nobody told us.
[[nodiscard]] std::string_view note_name(const image::Note& note);

/// "0123abcd…", two digits a byte.
[[nodiscard]] std::string hex_text(Bytes bytes);

/// A descriptor of 4 or 8 bytes as one number.
[[nodiscard]] std::optional<std::uint64_t> note_value(const image::Note& note);

/// The descriptor as text, where its kind of note holds text.
[[nodiscard]] std::optional<std::string_view> note_text(const image::Note& note);

/// The GNU build ID, in hexadecimal.
[[nodiscard]] std::optional<std::string> build_id(const std::vector<image::Note>& notes);

struct NoteString {
  std::string_view key;  ///< "guest_os", …: as JSON names it
  std::string_view text;
};

/// What the Xen notes tell of the system, in file order.
[[nodiscard]] std::vector<NoteString> note_strings(const std::vector<image::Note>& notes);

}  // namespace pvh::cli
