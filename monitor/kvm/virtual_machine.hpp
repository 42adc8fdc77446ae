// The virtual machine and its CPUs, made from nothing or from what `early` has begun.
#pragma once

#include <vector>

#include "early/early.hpp"
#include "guest_memory.hpp"
#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"
#include "x86/cpuid_table.hpp"

namespace pvh::kvm {

/// In the order in which they go: each CPU needs its machine.
struct VirtualMachine {
  Vm vm;
  std::vector<Vcpu> cpus;
  early::Thread early;  ///< it may still be giving memory
};

/// Without memory. `cpuid`: of what it supports of that, the rest is asked for and kept. The CPUs know what
/// they can do, and are as after a reset.
[[nodiscard]] Result<VirtualMachine> make_virtual_machine(const Shape& shape, KeptCpuid cpuid);

/// Waits for what `early` does of it.
[[nodiscard]] Result<void> add_memory(VirtualMachine& machine, const GuestMemory& memory);

}  // namespace pvh::kvm
