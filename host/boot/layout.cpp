#include "layout.hpp"

#include <algorithm>
#include <string>

#include "kernel_position.hpp"
#include "memory_map.hpp"
#include "pvh/start_info.h"

namespace pvh::boot {

namespace {

std::string module_name(const Request& request, std::size_t index) {
  const std::string number = "module " + std::to_string(index);
  const std::string& name = request.modules[index].name;
  return name.empty() ? number : number + " (" + name + ")";
}

Result<void> check_tables_are_backed(const board::AcpiTables& tables, std::uint64_t memory_size) {
  const auto pieces = board::backing(memory_size);
  const bool backed = std::ranges::any_of(
      pieces, [&](const board::Backing& piece) { return piece.range.contains(tables.range); });
  if (backed) return {};
  return std::unexpected(
      Error{.what = Fault::kOutsideRam,
            .clause = Clause::kPlace2,
            .thing = Thing{.name = "ACPI tables", .range = tables.range, .size = {}},
            .obstacle = Thing{.name = "the guest's memory", .range = {}, .size = memory_size}});
}

/// The fault that says what `fault` says, and that no amount of memory would do; nothing where memory is not
/// the matter.
std::optional<Fault> without_remedy(Fault fault) {
  switch (fault) {
    case Fault::kOutsideRam:
      return Fault::kNeverInRam;
    case Fault::kNoKernelPosition:
      return Fault::kNoKernelPositionEver;
    case Fault::kNoRoom:
      return Fault::kNoRoomEver;
    default:
      return std::nullopt;
  }
}

/// Above it only high memory grows, in which nothing is placed.
constexpr std::uint64_t kMostUsefulMemory = board::kMmioHoleStart.value();

/// With `memory` MiB it can be done, and with one less it cannot.
std::uint64_t least_memory(const LayoutInput& input) {
  std::uint64_t too_little = 0;
  std::uint64_t enough = kMostUsefulMemory / kMiB;
  while (enough - too_little > 1) {
    const std::uint64_t middle = too_little + (enough - too_little) / 2;
    (lay_out(input, middle * kMiB) ? enough : too_little) = middle;
  }
  return enough * kMiB;
}

}  // namespace

Parts parts_of(const Request& request) {
  Parts parts;
  auto& structures = parts.needs.structures;
  const auto add = [&](std::string name, std::uint64_t size) {
    structures.push_back({.name = std::move(name), .size = size});
    return structures.size() - 1;
  };
  parts.start_info = add("start info", sizeof(hvm_start_info));
  if (!request.modules.empty())
    parts.module_list = add("module list", request.modules.size() * sizeof(hvm_modlist_entry));
  if (request.version >= 1) parts.memory_map = add("memory map", sizeof(hvm_memmap_table_entry));
  parts.command_line = add("command line", request.command_line.size() + 1);

  for (std::size_t i = 0; i < request.modules.size(); ++i) {
    const Module& module = request.modules[i];
    std::string name = module_name(request, i);
    std::optional<std::size_t> line;
    if (module.command_line) line = add("command line of " + name, module.command_line->size() + 1);
    parts.module_command_lines.push_back(line);
    parts.needs.modules.push_back({.name = std::move(name), .size = module.bytes.size()});
  }
  return parts;
}

Result<Layout> lay_out(const LayoutInput& input, std::uint64_t memory_size) {
  auto map = memory_map(memory_size, input.fixed, input.user_ranges);
  if (!map) return std::unexpected(std::move(map).error());
  if (input.tables) {
    if (auto backed = check_tables_are_backed(*input.tables, memory_size); !backed)
      return std::unexpected(std::move(backed).error());
  }

  Needs needs = input.parts.needs;
  if (input.parts.memory_map)
    needs.structures[*input.parts.memory_map].size = map->size() * sizeof(hvm_memmap_table_entry);

  const image::KernelImage& kernel = input.request.kernel;
  const FreeMemory free(ram_of(*map));
  std::optional<Error> first_error;
  for (const GuestAddress position : candidates(input.request, *map)) {
    const auto extent = moved(kernel, kernel.extent, position);
    if (!extent) continue;  // not met: a candidate's segments lie below 4 GiB
    auto placement = place(needs, *extent, free);
    if (placement)
      return Layout{.map = std::move(*map), .kernel = position, .placement = std::move(*placement)};
    if (!first_error) first_error = std::move(placement).error();
  }
  return std::unexpected(first_error ? std::move(*first_error)
                                     : no_position(input.request, memory_size, *map));
}

Error with_remedy(const LayoutInput& input, Error error) {
  if (!without_remedy(error.what)) return error;
  auto most = lay_out(input, kMostUsefulMemory);
  if (most) {
    error.memory_that_would_do = least_memory(input);
    return error;
  }
  // What stands in the way of any amount tells more than what stands in the way of this one.
  if (most.error().what != Fault::kRamNotBacked) error = std::move(most).error();
  error.what = without_remedy(error.what).value_or(error.what);
  return error;
}

}  // namespace pvh::boot
