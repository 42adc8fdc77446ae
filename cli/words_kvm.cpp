// Sentences for the faults of kvm.
#include "words.hpp"

namespace pvh::cli {

words::Table words_kvm() {
  static constexpr FaultWords kWords[] = {
      {Fault::kKvmMissing, "{subject} is not there: this host has no KVM",
       "Its processor must have virtualization, switched on in the firmware, and the module kvm_intel or "
       "kvm_amd loaded. `--engine qemu` runs on any machine."},
      {Fault::kKvmForbidden, "you may not open {subject}",
       "The group kvm may: `sudo usermod -aG kvm $USER`, then log in anew. `--engine qemu` needs no right."},
      {Fault::kKvmTooOld, "{subject} cannot do what is needed: it has {found}; {wanted} is needed",
       "Linux 4.12 and later have it. `--engine qemu` runs on any machine."},
      {Fault::kSandbox, "this host does not let the monitor confine itself: {subject} failed ({found})",
       "Linux with CONFIG_SECCOMP_FILTER does. `--no-sandbox` runs the guest without: one that broke out of "
       "its machine would then have all your rights."},
  };
  return kWords;
}

}  // namespace pvh::cli
