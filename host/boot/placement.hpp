// Who lies where, once the kernel has its position: sizes in, addresses out. Cheap, so that a memory size can
// be tried by trying it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "free_memory.hpp"
#include "pvh/base/error.hpp"

namespace pvh::boot {

/// Something that needs a place.
struct Item {
  std::string name;
  std::uint64_t size;
};

/// What is to be placed around the kernel.
struct Needs {
  std::vector<Item> structures;  ///< the most wanted in low memory first; 8-aligned, none empty
  std::vector<Item> modules;     ///< page-aligned (PLACE-3); one may be empty
};

/// An address for each of the needs, in their order.
struct Placement {
  std::vector<GuestAddress> structures;
  std::vector<GuestAddress> modules;
};

/// Places `needs` in `free` around the kernel, which reaches over `kernel`, gaps and bss included: structures
/// packed from the first free page up, below 640 KiB if they can; modules from 1 GiB down, and what of either
/// does not fit so, below 4 GiB (START-8). Fails with the first thing that finds no room and the largest that
/// it met.
[[nodiscard]] Result<Placement> place(const Needs& needs, const GuestRange& kernel, FreeMemory free);

}  // namespace pvh::boot
