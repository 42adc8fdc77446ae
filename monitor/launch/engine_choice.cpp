#include "pvh/launch/engine_choice.hpp"

namespace pvh::launch {

EngineChoice choose_engine(Engine asked, const MachineOptions& machine, kvm::Host host) {
  if (asked != Engine::kAuto) return {asked, ChoiceReason::kAsked};
  switch (host) {
    case kvm::Host::kMissing:
      return {Engine::kQemu, ChoiceReason::kNoKvm};
    case kvm::Host::kForbidden:
      return {Engine::kQemu, ChoiceReason::kForbidden};
    case kvm::Host::kSoftware:
      return {Engine::kQemu, ChoiceReason::kSoftwareKvm};
    case kvm::Host::kReady:
      break;
  }
  if (!machine.acpi) return {Engine::kQemu, ChoiceReason::kNoAcpi};
  return {Engine::kKvm, ChoiceReason::kHardware};
}

}  // namespace pvh::launch
