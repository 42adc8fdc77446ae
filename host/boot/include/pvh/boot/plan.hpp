// From a kernel, its modules, a command line, a memory size and a board to a plan: who lies where, what the
// memory map says, and the state in which the first CPU enters. Pure: numbers and bytes in, a value or an
// error out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/move_only.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/entry_state.hpp"
#include "pvh/image/kernel_image.hpp"

namespace pvh::boot {

/// A file for the guest, with a command line of its own where it has one (START-6).
struct Module {
  std::string name;  ///< for messages and the plan; the guest does not see it
  Bytes bytes;       ///< not copied: keep them until the plan is loaded
  std::optional<std::string> command_line;
};

/// A range that the user wants in the memory map, whatever the board says (MAP-2).
struct UserRange {
  std::uint32_t type;
  GuestRange range;
};

struct Request {
  const image::KernelImage& kernel;
  std::vector<Module> modules = {};
  std::string command_line = {};
  std::uint64_t memory_size = 0;  ///< bytes of RAM, a multiple of the page size
  board::Board board = {};
  std::uint32_t version = 1;                         ///< of the start info: 0 or 1 (START-2)
  std::optional<GuestAddress> load_address = {};     ///< of the kernel's lowest byte (NOTE-6)
  std::optional<std::uint64_t> randomize_seed = {};  ///< place the kernel at random within its limits
  std::vector<UserRange> user_ranges = {};           ///< a later one wins over an earlier
};

/// Where the bytes of a region come from, so that an engine may map what another copies.
enum class Origin : std::uint8_t {
  kKernel,  ///< a piece of the kernel's ELF
  kModule,  ///< all of module `index`
  kMade,    ///< made by the plan, which owns them
  kZeros,
};

struct Content {
  Origin origin = Origin::kZeros;
  std::size_t index = 0;  ///< kKernel: which segment; kModule: which module; kMade: which of `made`
  Bytes bytes = {};       ///< the region's first bytes; the rest of it is zero (NOTE-7)
};

/// A named range of guest memory that something lies in. Those of a plan are sorted and disjoint (PLACE-1).
struct Region {
  std::string name;
  GuestRange range;
  Content content;
};

/// An entry of the map that the guest is given. Sorted and disjoint (MAP-3).
struct MapEntry {
  GuestRange range;
  std::uint32_t type;  ///< XEN_HVM_MEMMAP_TYPE_*, or another number that the user gave
  std::string name;    ///< for people: "RAM", "reserved", …
};

/// Movable: moving does not move the bytes that the regions view. Not copyable: a copy's regions would view
/// the original's `made`.
struct BootPlan {
  GuestAddress start_info;
  GuestAddress entry;
  std::uint32_t version = 1;
  std::uint64_t memory_size = 0;
  std::vector<board::Backing> backing;  ///< what the engine must back with memory
  std::vector<Region> regions;
  std::vector<MapEntry> memory_map;  ///< also on version 0, where the guest is not given it
  EntryState state;
  std::vector<std::vector<std::byte>> made;  ///< what the regions of Origin::kMade view
  [[no_unique_address]] MoveOnly move_only = {};
};

/// The plan, or what does not fit, what is in its way and the memory that would do (PLACE-2).
[[nodiscard]] Result<BootPlan> plan(const Request& request);

}  // namespace pvh::boot
