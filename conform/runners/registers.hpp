// The registers in what a monitor prints of a CPU that stopped at its entry.
#pragma once

#include <string_view>

#include "pvh/conform/capture.hpp"

namespace pvh::runners {

/// Reads QEMU's form ("CS =0008 00000000 ffffffff 00cf9b00"), ours ("CS =0008 base … limit … attributes …")
/// and that of xen-hvmctx ("cs   0000 (00000000 + 0xffffffff /  0x0c9b)"). False where there is none.
[[nodiscard]] bool add_registers(conform::Capture& capture, std::string_view text);

}  // namespace pvh::runners
