// Waits for what another thread is about to have done. To sleep and to be woken takes longer than these waits
// do, most of all where this host is a virtual machine and has to be told of its own interrupts.
#pragma once

#include <sched.h>

#include <chrono>

namespace pvh::kvm {

/// Asks again and again for a tenth of a millisecond, and leaves the processor to whoever else wants it.
/// False: it takes longer, and the caller should sleep.
template <class Done>
[[nodiscard]] bool soon(const Done& done) {
  constexpr std::chrono::microseconds kPatience{100};
  using Clock = std::chrono::steady_clock;
  for (const auto until = Clock::now() + kPatience;;) {
    if (done()) return true;
    if (Clock::now() >= until) return false;
    ::sched_yield();
  }
}

}  // namespace pvh::kvm
