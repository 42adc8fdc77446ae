#include "engine_choice.hpp"

namespace pvh::cli {

EngineChoice choose_engine(const MachineOptions& machine, kvm::Host host) {
  switch (host) {
    case kvm::Host::kMissing:
      return {Engine::kQemu, "there is no /dev/kvm, and an emulated CPU runs on any machine"};
    case kvm::Host::kForbidden:
      return {Engine::kQemu, "you may not open /dev/kvm, and an emulated CPU runs on any machine"};
    case kvm::Host::kSoftware:
      return {Engine::kQemu, "no virtualization in hardware is behind /dev/kvm; --engine kvm tries it"};
    case kvm::Host::kReady:
      break;
  }
  if (!machine.acpi)
    return {Engine::kQemu, "without ACPI a guest wants interrupt controllers that kvm has not"};
  return {Engine::kKvm, "this host's processor runs the guest"};
}

}  // namespace pvh::cli
