// Standard output and standard error: the terminal's ways, and one write for all that a command has to say.
#pragma once

#include <string>
#include <string_view>

namespace pvh::cli {

/// How text may look where it goes.
struct Style {
  bool unicode = false;
  bool colour = false;
  unsigned width = 80;  ///< columns
};

/// For standard output: UTF-8 and colour only on a terminal, UTF-8 only where the locale says so, no colour
/// with NO_COLOR.
[[nodiscard]] Style output_style();

/// Where one of descriptors 0 to 2 is closed, puts something there that can be neither read nor written, so
/// that no file that is opened later becomes standard output by accident.
void occupy_standard_descriptors();

/// Writes `text` to standard output. False, and said on standard error, where that fails.
[[nodiscard]] bool print(std::string_view text);

/// Writes `text` to standard error, in one piece.
void complain(std::string_view text);

}  // namespace pvh::cli
