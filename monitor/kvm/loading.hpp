// A planned guest in its memory.
#pragma once

#include "guest_memory.hpp"
#include "pvh/base/error.hpp"
#include "pvh/run/guest.hpp"

namespace pvh::kvm {

/// Into `memory` fresh from `allocate`: all that the plan names, the descriptor table that its selectors
/// index, and what stands where a PC has its firmware's first instruction.
[[nodiscard]] Result<void> load(const run::Guest& guest, const GuestMemory& memory);

}  // namespace pvh::kvm
