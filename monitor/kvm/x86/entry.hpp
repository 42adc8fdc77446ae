// The plan's entry state (CPU-1 to CPU-5) as KVM's registers.
#pragma once

#include <linux/kvm.h>

#include "pvh/base/error.hpp"
#include "pvh/boot/entry_state.hpp"
#include "system.hpp"

namespace pvh::kvm {

/// Where the table lies that the entry's selectors name (`boot::descriptor_table`): before the firmware's
/// start, in the memory that the map keeps for it. 64 bytes.
inline constexpr GuestAddress kDescriptorTable{0xfffb0};

[[nodiscard]] kvm_segment segment(const boot::SegmentState& state);

/// `reset`: what KVM gave the CPU; kept where the contract leaves it open (CPU-6).
[[nodiscard]] kvm_sregs special_registers(const boot::EntryState& state, const kvm_sregs& reset);
[[nodiscard]] kvm_regs registers(const boot::EntryState& state);

/// Brings a CPU that has not run yet to the kernel's entry.
[[nodiscard]] Result<void> enter(Vcpu& cpu, const boot::EntryState& state);

}  // namespace pvh::kvm
