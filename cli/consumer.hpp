// pvh conform consumer and boot: a kernel under variants of a start of day.
#pragma once

#include <string>

#include "options.hpp"

namespace pvh::cli {

/// Boots the kernel under each variant, by `program`, and reports.
[[nodiscard]] int consumer(const ConformOptions& options, const std::string& program);

/// Boots it under one variant; its serial line is this terminal.
[[nodiscard]] int boot_variant(const ConformOptions& options);

}  // namespace pvh::cli
