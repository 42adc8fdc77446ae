// What the readers of options share: how a wrong value is said, and values that several commands take.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "options.hpp"

namespace pvh::cli {

using Usage = std::unexpected<UsageError>;
template <class T>
using Expected = std::expected<T, UsageError>;

[[nodiscard]] Usage wrong(std::string_view option, std::string_view value, std::string_view wanted);

/// None where it was not given.
[[nodiscard]] Expected<std::optional<std::chrono::milliseconds>> timeout_option(const std::string& text);

/// The command line that several --append make; none where there is none.
[[nodiscard]] std::optional<std::string> appended(const std::vector<std::string>& texts);

}  // namespace pvh::cli
