#include "invariants.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "page_memory.hpp"

namespace pvh::boot::testing {

namespace {

constexpr std::uint32_t kRam = 1;
constexpr std::uint32_t kAcpi = 3;

std::uint64_t number(const PageMemory& memory, std::uint64_t address, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i)
    value |= static_cast<std::uint64_t>(memory.byte(address + i)) << (8 * i);
  return value;
}

bool holds_string(const PageMemory& memory, std::uint64_t address, const std::string& text) {
  return address != 0 && memory.holds(address, as_bytes(text)) &&
         memory.byte(address + text.size()) == std::byte{0};
}

bool is_backed(const BootPlan& plan, const GuestRange& range) {
  return std::ranges::any_of(plan.backing, [&](const board::Backing& b) { return b.range.contains(range); });
}

/// Whether all of `range` is of `type` in the map.
bool is_called(const BootPlan& plan, const GuestRange& range, std::uint32_t type) {
  GuestAddress covered = range.start();
  for (const MapEntry& entry : plan.memory_map)
    if (entry.type == type && entry.range.contains(covered)) covered = entry.range.end();
  return covered >= range.end();
}

std::string check_map(const BootPlan& plan) {
  for (std::size_t i = 0; i < plan.memory_map.size(); ++i) {
    const MapEntry& entry = plan.memory_map[i];
    if (entry.type == kRam && !is_backed(plan, entry.range)) return "RAM that nothing backs (MAP-5)";
    if (i == 0) continue;
    const MapEntry& before = plan.memory_map[i - 1];
    if (entry.range.start() < before.range.end()) return "the map is unsorted or overlaps (MAP-3)";
    if (entry.range.start() == before.range.end() && entry.type == before.type && entry.name == before.name)
      return "two entries that are one (MAP-3)";
  }
  return "";
}

/// RAM is all that the board has and no user's range calls otherwise: no byte more, none less.
/// A slow reference, which looks at every range for every edge: not for requests of thousands.
std::string check_ram(const Request& request, const BootPlan& plan) {
  constexpr std::size_t kMostRanges = 300;
  if (request.user_ranges.size() > kMostRanges) return "";
  for (const GuestRange& ram : board::ram(request.memory_size)) {
    std::vector<GuestAddress> edges{ram.start(), ram.end()};
    for (const UserRange& user : request.user_ranges)
      for (const GuestAddress edge : {user.range.start(), user.range.end()})
        if (ram.contains(edge)) edges.push_back(edge);
    std::ranges::sort(edges);
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      const auto stretch = GuestRange::from_ends(edges[i], edges[i + 1]);
      if (!stretch) continue;
      const auto covers = [&](const UserRange& user) { return user.range.contains(*stretch); };
      const auto user =
          std::ranges::find_if(request.user_ranges.rbegin(), request.user_ranges.rend(), covers);
      const std::uint32_t type = user == request.user_ranges.rend() ? kRam : user->type;
      if (!is_called(plan, *stretch, type))
        return "RAM, or a user's range in it, is called otherwise (MAP-5)";
    }
  }
  return "";
}

/// Nothing lies above 1 GiB for which the pages left below have room.
std::string check_low(const Request& request, const BootPlan& plan) {
  const std::uint64_t shift = plan.entry.value() - request.kernel.entry.value();
  std::vector<GuestRange> taken{
      *GuestRange::from_size(GuestAddress{0}, kPageSize),
      *GuestRange::from_size(GuestAddress{request.kernel.extent.start().value() + shift},
                             request.kernel.extent.size())};
  for (const Region& region : plan.regions) taken.push_back(region.range);
  for (const MapEntry& entry : plan.memory_map)
    if (entry.type != kRam) taken.push_back(entry.range);
  std::ranges::sort(taken);

  const std::uint64_t end = std::min({kGiB, plan.memory_size});
  std::uint64_t largest = 0;
  std::uint64_t free_from = 0;
  const auto close = [&](std::uint64_t at) {
    const std::uint64_t page = align_down(std::min(at, end), kPageSize);
    if (page > free_from) largest = std::max(largest, page - free_from);
  };
  for (const GuestRange& range : taken) {
    close(range.start().value());
    free_from = std::max(free_from, align_up(range.end().value(), kPageSize).value_or(UINT64_MAX));
  }
  close(end);
  for (const Region& region : plan.regions)
    if ((region.content.origin == Origin::kMade || region.content.origin == Origin::kModule) &&
        region.range.end().value() > kGiB && region.range.size() <= largest)
      return region.name + " lies above 1 GiB, though there is room below (START-8)";
  return "";
}

std::string check_regions(const BootPlan& plan) {
  for (std::size_t i = 0; i < plan.regions.size(); ++i) {
    const Region& region = plan.regions[i];
    if (region.range.start().value() == 0) return region.name + " lies at 0 (START-4)";
    if (region.range.end().value() > kFourGiB) return region.name + " lies above 4 GiB (START-8)";
    if (i > 0 && region.range.start() < plan.regions[i - 1].range.end())
      return region.name + " is unsorted or overlaps (PLACE-1)";
    if (!is_called(plan, region.range, region.name == "ACPI tables" ? kAcpi : kRam))
      return region.name + " is not in its kind of memory (PLACE-1)";
    if (!is_backed(plan, region.range)) return region.name + " is not backed (PLACE-1)";
    if (region.content.bytes.size() > region.range.size()) return region.name + " is too small for its bytes";
  }
  return "";
}

std::string check_kernel(const Request& request, const BootPlan& plan, const PageMemory& memory) {
  const image::KernelImage& kernel = request.kernel;
  const std::uint64_t shift = plan.entry.value() - kernel.entry.value();
  const std::uint64_t start = kernel.extent.start().value() + shift;
  for (const image::Segment& segment : kernel.elf.segments)
    if (!memory.holds(segment.memory.start().value() + shift, segment.bytes)) return "the kernel's bytes";
  if (request.load_address && start != request.load_address->value()) return "the load address asked for";
  if (shift != 0) {
    if (!kernel.relocation) return "a kernel was moved that cannot be (NOTE-6)";
    if (start % kernel.relocation->alignment != 0) return "the kernel's alignment (NOTE-6)";
    if (start < kernel.relocation->min) return "the kernel's lowest address (NOTE-6)";
    if (start + kernel.extent.size() - 1 > kernel.relocation->max)
      return "the kernel's highest address (NOTE-6)";
  }
  for (const Region& region : plan.regions) {
    if (region.content.origin == Origin::kKernel || region.content.origin == Origin::kZeros) continue;
    if (region.range.start().value() < start + kernel.extent.size() && start < region.range.end().value() &&
        region.name != "ACPI tables")
      return region.name + " lies inside the kernel's extent";
  }
  if (plan.state.eip != plan.entry.value()) return "eip";
  return plan.state.ebx == plan.start_info.value() ? "" : "ebx (CPU-1)";
}

std::string check_modules(const Request& request, const PageMemory& memory, std::uint64_t info) {
  const std::uint64_t list = number(memory, info + 16, 8);
  if (number(memory, info + 12, 4) != request.modules.size()) return "nr_modules";
  if ((list == 0) != request.modules.empty()) return "modlist_paddr";
  if (list % 8 != 0) return "the module list's alignment (START-8)";
  for (std::size_t i = 0; i < request.modules.size(); ++i) {
    const Module& module = request.modules[i];
    const std::uint64_t entry = list + i * 32;
    const std::uint64_t address = number(memory, entry, 8);
    if (address == 0 || address % kPageSize != 0) return "a module's address (PLACE-3)";
    if (number(memory, entry + 8, 8) != module.bytes.size()) return "a module's size";
    if (!memory.holds(address, module.bytes)) return "a module's bytes";
    const std::uint64_t line = number(memory, entry + 16, 8);
    if (module.command_line ? !holds_string(memory, line, *module.command_line) : line != 0)
      return "a module's command line";
    if (number(memory, entry + 24, 8) != 0) return "a module's reserved word (START-6)";
  }
  return "";
}

std::string check_written_map(const BootPlan& plan, const PageMemory& memory, std::uint64_t info) {
  const std::uint64_t table = number(memory, info + 40, 8);
  const std::uint64_t entries = number(memory, info + 48, 4);
  if (number(memory, info + 52, 4) != 0) return "the start info's reserved word";
  if (plan.version == 0) return table == 0 && entries == 0 ? "" : "a map on version 0 (START-2)";
  if (entries != plan.memory_map.size() || table == 0 || table % 8 != 0) return "the map's place";
  for (std::size_t i = 0; i < plan.memory_map.size(); ++i) {
    const MapEntry& entry = plan.memory_map[i];
    const std::uint64_t place = table + i * 24;
    if (number(memory, place, 8) != entry.range.start().value() ||
        number(memory, place + 8, 8) != entry.range.size() || number(memory, place + 16, 4) != entry.type ||
        number(memory, place + 20, 4) != 0)
      return "an entry of the map";
  }
  return "";
}

std::string check_start_info(const Request& request, const BootPlan& plan, const PageMemory& memory) {
  const std::uint64_t info = plan.start_info.value();
  if (info == 0 || info % 8 != 0) return "the start info's place (START-8)";
  if (number(memory, info, 4) != 0x336ec578) return "the magic (START-1)";
  if (number(memory, info + 4, 4) != request.version) return "the version (START-2)";
  if (number(memory, info + 8, 4) != 0) return "the flags (START-3)";
  if (!holds_string(memory, number(memory, info + 24, 8), request.command_line)) return "the command line";
  const std::uint64_t rsdp = number(memory, info + 32, 8);
  if (request.board.acpi ? !memory.holds(rsdp, as_bytes("RSD PTR ")) : rsdp != 0) return "the RSDP (START-7)";
  if (auto broken = check_modules(request, memory, info); !broken.empty()) return broken;
  return check_written_map(plan, memory, info);
}

bool can_be_planned(const Request& request, std::uint64_t memory_size) {
  Request other = request;
  other.memory_size = memory_size;
  return plan(other).has_value();
}

}  // namespace

std::string broken_promise(const Request& request, const BootPlan& plan) {
  if (auto broken = check_map(plan); !broken.empty()) return broken;
  if (auto broken = check_ram(request, plan); !broken.empty()) return broken;
  if (auto broken = check_regions(plan); !broken.empty()) return broken;
  if (auto broken = check_low(request, plan); !broken.empty()) return broken;
  PageMemory memory(plan.backing);
  if (!load(plan, memory, Before::kZeros)) return "the plan cannot be loaded";
  if (auto broken = check_kernel(request, plan, memory); !broken.empty()) return broken;
  return check_start_info(request, plan, memory);
}

std::string broken_promise(const Request& request, const Error& error) {
  switch (error.what) {
    case Fault::kOutsideRam:
    case Fault::kNoKernelPosition:
    case Fault::kNoRoom: {
      if (!error.memory_that_would_do) return "no word of the memory that would do (PLACE-2)";
      const std::uint64_t enough = *error.memory_that_would_do;
      if (enough % kMiB != 0) return "the memory that would do is no whole MiB";
      if (!can_be_planned(request, enough)) return "the memory that would do does not (PLACE-2)";
      return can_be_planned(request, enough - kMiB) ? "less memory than named would do (PLACE-2)" : "";
    }
    case Fault::kNeverInRam:
    case Fault::kNoKernelPositionEver:
    case Fault::kNoRoomEver:
      for (const std::uint64_t size : {64 * kMiB, kGiB, 3 * kGiB})
        if (can_be_planned(request, size)) return "memory would do where none was named (PLACE-2)";
      return "";
    default:
      return error.memory_that_would_do ? "memory named where it is not the matter" : "";
  }
}

}  // namespace pvh::boot::testing
