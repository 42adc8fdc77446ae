// A virtual machine that is begun before libc is. A static program's libc asks the processor what it can do
// before `main`, each answer a trap where the host is a guest itself, and KVM needs as long for a new
// machine: a thread that knows nothing of libc sees to the latter meanwhile.
#pragma once

#include <cstdint>

namespace pvh::kvm {

/// For a program's first instruction (cli/start.cpp): libc need not be ready. The next `run` of this process
/// takes the machine over, with this memory from address 0 on where it is what the run asks for; 0: not known
/// yet. Where a step fails nothing is begun, and the run makes its machine in the ordinary way, which also
/// says what is wrong.
void begin_early_machine(std::uint64_t memory);

/// There will be no run. Does not wait.
void drop_early_machine();

}  // namespace pvh::kvm
