// The boot ROM's image: rom.S with an entry state written into it.
#pragma once

#include <cstddef>
#include <vector>

#include "pvh/boot/entry_state.hpp"

namespace pvh::qemu {

/// 64 KiB that end at 4 GiB, and bring the first CPU from reset into `state`.
[[nodiscard]] std::vector<std::byte> rom(const boot::EntryState& state);

}  // namespace pvh::qemu
