// Sentences for the faults of engine and qemu.
#include "words.hpp"

namespace pvh::cli {

words::Table words_qemu() {
  static constexpr FaultWords kWords[] = {
      {Fault::kHostCall, "the host gives no {subject}: {found}", ""},
      {Fault::kDescriptorLimit, "the host gives no {subject}: {found}",
       "Let the process have more descriptors (`ulimit -n`)."},
      {Fault::kNoGuestMemory, "the host cannot give the guest {wanted} of memory: {found}",
       "Give the guest less by -m, or raise the limit (`ulimit -v`)."},
      {Fault::kTooManyCpus, "{found} CPUs are more than the machine can have; the most is {wanted}", ""},
      {Fault::kTooMuchMemory, "memory of {found} is more than the machine can have; the most is {wanted}",
       ""},
      {Fault::kQemuMissing, "{subject} is not installed", "`apt-get install qemu-system-x86` brings it."},
      {Fault::kProgramNotRunnable, "{subject} cannot be started: {found}", ""},
      {Fault::kQemuTooOld, "{subject} is too old: version {found}; {wanted} or later is needed",
       "`apt-get install qemu-system-x86` on Debian 12 brings 7.2."},
      {Fault::kQemuDied, "{subject} ended before the guest did: {found}",
       "If it speaks of an option or property that it does not know, it is older than 6.0, the oldest that "
       "will do."},
  };
  return kWords;
}

}  // namespace pvh::cli
