// The help texts: for someone in a hurry, so the examples come first and each fits a screen.
#pragma once

#include <string>
#include <string_view>

namespace pvh::cli {

/// For "run", "plan", "inspect", "extract", "cache" and "conform"; for all else the program's own.
[[nodiscard]] std::string help_for(std::string_view command);

[[nodiscard]] std::string_view version_text();

}  // namespace pvh::cli
