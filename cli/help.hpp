// The help texts: for someone in a hurry, so the examples come first and each fits a screen.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pvh::cli {

/// For "run", "plan", "inspect", "extract", "cache" and "conform"; for all else the program's own.
[[nodiscard]] std::string help_for(std::string_view command);

/// The same where `words` were typed with it: an action of `conform` has a help of its own.
[[nodiscard]] std::string help_for(std::string_view command, std::span<const std::string> words);

/// Of one action, or of all of them where there is none of that name.
[[nodiscard]] std::string_view conform_help(std::string_view action);

[[nodiscard]] std::string_view version_text();

}  // namespace pvh::cli
