// The registers of CPUs that failed, for a person.
#pragma once

#include <span>
#include <string>

#include "guest_memory.hpp"
#include "system.hpp"

namespace pvh::kvm {

/// Of each CPU that was started: registers, and the bytes at its instruction pointer. They must stand still.
[[nodiscard]] std::string readable_registers(std::span<const Vcpu> cpus, const GuestMemory* memory);

}  // namespace pvh::kvm
