// A request tried on a memory size: the map, the kernel's position and the place of everything else, or what
// does not fit. And the other way round: the memory size with which it would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "placement.hpp"
#include "pvh/base/error.hpp"
#include "pvh/board/acpi.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::boot {

/// What a request needs placed, and which of the needs is what.
struct Parts {
  Needs needs;
  // Indices into needs.structures.
  std::size_t start_info = 0;
  std::optional<std::size_t> module_list;  ///< where there are modules
  std::optional<std::size_t> memory_map;   ///< from version 1 (START-2); its size depends on the memory's
  std::size_t command_line = 0;            ///< always present, at least ""
  std::vector<std::optional<std::size_t>> module_command_lines;  ///< as many as there are modules
};

[[nodiscard]] Parts parts_of(const Request& request);

/// What `lay_out` needs besides the memory size.
struct LayoutInput {
  const Request& request;
  Parts parts;
  std::vector<board::FixedRange> fixed;
  std::vector<UserRange> user_ranges;  ///< resolved
  std::optional<board::AcpiTables> tables;
};

struct Layout {
  std::vector<MapEntry> map;
  GuestAddress kernel;  ///< its lowest byte
  Placement placement;
};

[[nodiscard]] Result<Layout> lay_out(const LayoutInput& input, std::uint64_t memory_size);

/// `error`, which `lay_out` gave for the request's memory size, with the smallest multiple of 1 MiB that
/// would do; or, where none would, as that fault.
[[nodiscard]] Error with_remedy(const LayoutInput& input, Error error);

}  // namespace pvh::boot
