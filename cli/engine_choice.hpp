// Which engine runs a guest where the user leaves it to us.
#pragma once

#include <string_view>

#include "options.hpp"
#include "pvh/kvm/kvm.hpp"

namespace pvh::cli {

struct EngineChoice {
  Engine engine;         ///< kKvm or kQemu
  std::string_view why;  ///< for the one line that says it
};

/// kvm only where it will certainly run this guest.
[[nodiscard]] EngineChoice choose_engine(const MachineOptions& machine, kvm::Host host);

}  // namespace pvh::cli
