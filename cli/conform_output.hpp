// How the actions of `pvh conform` say what went wrong, and write their files.
#pragma once

#include <string>

#include "options.hpp"
#include "words.hpp"

namespace pvh::cli {

/// Says it, also as JSON where that is wanted, and gives the exit code: a name that there is not is wrong
/// usage.
[[nodiscard]] int fail(const ConformOptions& options, const Failure& failure);

/// Whether `text` came to lie in `path`, where one is named. Says so where it did not.
[[nodiscard]] bool written(const std::string& path, const std::string& text);

}  // namespace pvh::cli
