// How a run ended, in words and as an exit code.
#pragma once

#include <string>

#include "pvh/run/outcome.hpp"

namespace pvh::cli {

[[nodiscard]] int exit_code_of(const run::Outcome& outcome);

/// "the guest powered off after 2.1 s", and the details of a crash in lines of their own.
[[nodiscard]] std::string ending_text(const run::Outcome& outcome);

/// What the engine's program said besides, in lines of their own; empty where it said nothing.
[[nodiscard]] std::string warnings_text(const run::Outcome& outcome);

}  // namespace pvh::cli
