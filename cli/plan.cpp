// pvh plan: who would lie where, without booting.

#include <fmt/format.h>

#include <iterator>

#include "cache_limit.hpp"
#include "commands.hpp"
#include "drawing.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pvh/launch/prepare.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

using Out = std::back_insert_iterator<std::string>;

void write_head(Out out, const PlanOptions& options, const launch::Prepared& prepared) {
  const boot::BootPlan& plan = prepared.plan;
  fmt::format_to(out, "{}: {} of RAM, entry {:#x}, start info (version {}) at {:#x}\n",
                 printable(options.machine.kernel), format_size(plan.memory_size), plan.entry.value(),
                 plan.version, plan.start_info.value());
  if (prepared.seed) fmt::format_to(out, "placed at random by seed {}\n", *prepared.seed);
  fmt::format_to(out, "command line: \"{}\"\n", printable(prepared.command_line));
  const std::uint64_t rsdp = launch::rsdp_of(plan);
  fmt::format_to(out, "ACPI: {}\n", rsdp != 0 ? fmt::format("RSDP at {:#x}", rsdp) : "none");
}

void write_regions(Out out, const boot::BootPlan& plan) {
  fmt::format_to(out, "\nRanges\n     {:>12} {:>12} {:>12}  {}\n", "start", "last", "size", "what");
  for (std::size_t i = 0; i < plan.regions.size(); ++i) {
    const boot::Region& region = plan.regions[i];
    fmt::format_to(out, "  {}  {:>#12x} {:>#12x} {:>12}  {}\n", region_letter(i),
                   region.range.start().value(), region.range.last().value(),
                   format_size(region.range.size()), printable(region.name));
  }
}

void write_memory_map(Out out, const boot::BootPlan& plan) {
  fmt::format_to(out, "\nMemory map{}\n     {:>12} {:>12} {:>12}  {}\n",
                 plan.version == 0 ? " (a guest of version 0 is not given it)" : "", "start", "last", "size",
                 "type");
  for (const boot::MapEntry& entry : plan.memory_map) {
    fmt::format_to(out, "     {:>#12x} {:>#12x} {:>12}  {} {}\n", entry.range.start().value(),
                   entry.range.last().value(), format_size(entry.range.size()), entry.type,
                   printable(entry.name));
  }
}

void write_segment(Out out, std::string_view name, const boot::SegmentState& state) {
  fmt::format_to(out, "  {:<9} selector {}, base {:#x}, limit {:#x}, attributes {:#x}\n", name,
                 state.selector, state.base, state.limit, state.attributes);
}

void write_entry_state(Out out, const boot::EntryState& state) {
  fmt::format_to(out, "\nEntry state\n  eip {:#x}, ebx {:#x}, eflags {:#x}, cr0 {:#x}, cr4 {:#x}\n",
                 state.eip, state.ebx, state.eflags, state.cr0, state.cr4);
  write_segment(out, "cs", state.cs);
  write_segment(out, "ds es ss", state.data);
  write_segment(out, "tr", state.tr);
}

}  // namespace

int plan(const PlanOptions& options) {
  MachineOptions machine = options.machine;
  if (machine.cache) machine.cache_limit = cache_limit();
  const auto prepared = launch::prepare(machine);
  if (!prepared) {
    if (options.json && !print(failure_json(prepared.error()))) return kExitError;
    complain(message(prepared.error()));
    return kExitError;
  }
  if (options.json) return print(plan_json(*prepared)) ? kExitDone : kExitError;

  std::string text;
  const Out out = std::back_inserter(text);
  write_head(out, options, *prepared);
  write_regions(out, prepared->plan);
  write_memory_map(out, prepared->plan);
  write_entry_state(out, prepared->plan.state);
  text += "\nDrawn to scale\n" + draw_memory(prepared->plan, output_style());
  return print(text) ? kExitDone : kExitError;
}

}  // namespace pvh::cli
