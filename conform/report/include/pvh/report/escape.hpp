// Foreign text in each of the forms that reports have. Producers choose what they print.
#pragma once

#include <string>
#include <string_view>

namespace pvh::conform {

/// Without anything that moves a terminal's cursor or ends the line.
[[nodiscard]] std::string one_line(std::string_view text);

/// For XML and HTML, in text and in attributes. What XML cannot hold becomes a question mark.
[[nodiscard]] std::string xml(std::string_view text);

/// For a description in TAP, where "#" begins a directive.
[[nodiscard]] std::string tap(std::string_view text);

}  // namespace pvh::conform
