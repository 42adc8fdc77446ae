// What a virtual CPU says of itself: what the host's KVM supports, with this machine's topology in place of
// the host's. Pure.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <span>
#include <vector>

namespace pvh::kvm {

struct CpuIdentity {
  std::uint32_t id;    ///< also its APIC id, as the MADT says
  std::uint32_t cpus;  ///< all in one package, each a core of its own
  bool tsc_deadline;   ///< the local APIC's timer knows that mode; KVM tells it apart from CPUID
};

/// KVM's own leaves (0x4000000x: kvmclock and the rest) stay as they are.
[[nodiscard]] std::vector<kvm_cpuid_entry2> cpuid_of(std::span<const kvm_cpuid_entry2> supported,
                                                     const CpuIdentity& cpu);

}  // namespace pvh::kvm
