// The registers in what a monitor prints of a CPU that stopped at its entry.
#pragma once

#include <string_view>

#include "pvh/capture/capture.hpp"
#include "pvh/producers/process.hpp"

namespace pvh::runners {

/// Reads QEMU's form ("CS =0008 00000000 ffffffff 00cf9b00"), ours ("CS =0008 base … limit … attributes …")
/// and that of xen-hvmctx ("cs   0000 (00000000 + 0xffffffff /  0x0c9b)"). False where there is none.
[[nodiscard]] bool add_registers(conform::Capture& capture, std::string_view text);

/// Asks QEMU's monitor how it goes until the guest has stopped, then for the registers, then to end. One
/// question at a time: QEMU edits each line as if somebody typed it, and where it has no time for that,
/// questions heap up in the pipe until one is lost.
[[nodiscard]] Talk ask_registers();

}  // namespace pvh::runners
