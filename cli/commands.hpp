// The commands. Each prints what it has to say and returns the program's exit code.
#pragma once

#include "options.hpp"

namespace pvh::cli {

/// The exit codes; more than these has only a run that a signal ended (128 + its number).
enum ExitCode : int {
  kExitDone = 0,
  kExitError = 1,
  kExitUsage = 2,
  kExitCrashed = 3,
  kExitTimeLimit = 4,
  kExitReboot = 5,
};

[[nodiscard]] int inspect(const InspectOptions& options);
[[nodiscard]] int extract(const ExtractOptions& options);
[[nodiscard]] int plan(const PlanOptions& options);
[[nodiscard]] int run(const RunOptions& options);
[[nodiscard]] int cache_command(const CacheOptions& options);
[[nodiscard]] int conform(const ConformOptions& options);

}  // namespace pvh::cli
