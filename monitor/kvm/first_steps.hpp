// The first steps of every machine: /dev/kvm, a machine with its scratch pages and split interrupt
// controllers, CPU 0. One piece of code for a run that begins before libc is ready (early/) and for the
// ordinary way.
#pragma once

#include <cstdint>

namespace pvh::kvm {

/// Which step failed.
enum class FirstStep : std::uint8_t { kOpen, kVersion, kMachine, kScratchPages, kInterrupts, kCpu, kDone };

/// Plain numbers: the caller owns the descriptors.
struct FirstSteps {
  int system = -1;
  int vm = -1;
  int cpu = -1;
  FirstStep failed = FirstStep::kDone;  ///< kDone: none did
  int error = 0;                        ///< errno of that step; of kVersion the version that was found
};

/// Takes all steps, or closes what it opened and says which step failed and why. Uses nothing of libc.
[[nodiscard]] FirstSteps take_first_steps();

void close_all(FirstSteps& steps);

}  // namespace pvh::kvm
