// Which engine runs a guest where the user leaves it to us.
#pragma once

#include <cstdint>

#include "pvh/kvm/kvm.hpp"
#include "pvh/launch/options.hpp"

namespace pvh::launch {

/// Why an engine was chosen.
enum class ChoiceReason : std::uint8_t {
  kAsked,        ///< the user named it
  kNoKvm,        ///< there is no /dev/kvm
  kForbidden,    ///< this user may not open /dev/kvm
  kSoftwareKvm,  ///< no hardware is known to be behind /dev/kvm
  kNoAcpi,       ///< a guest without ACPI needs interrupt controllers that kvm lacks
  kHardware,     ///< the host's processor runs the guest
};

struct EngineChoice {
  Engine engine;  ///< kKvm or kQemu
  ChoiceReason why;
};

/// The engine that `asked` names; for kAuto, kvm only where it will certainly run this guest.
[[nodiscard]] EngineChoice choose_engine(Engine asked, const MachineOptions& machine, kvm::Host host);

}  // namespace pvh::launch
