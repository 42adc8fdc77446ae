// The commands' results as JSON, for other programs. docs/pvh.1 names the keys; numbers are integers.
#pragma once

#include <string>

#include "inspection.hpp"
#include "pvh/cache/kernels.hpp"
#include "pvh/launch/prepare.hpp"
#include "words.hpp"

namespace pvh::cli {

[[nodiscard]] std::string inspection_json(const Inspection& inspection);
[[nodiscard]] std::string plan_json(const launch::Prepared& prepared);

[[nodiscard]] std::string cache_json(const std::string& directory, const cache::Contents& contents,
                                     std::uint64_t limit);

/// {"error": {…}}: what stands on standard output where a command with --json fails.
[[nodiscard]] std::string failure_json(const Failure& failure);

}  // namespace pvh::cli
