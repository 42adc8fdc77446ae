#include "pvh/boot/plan.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "kernel_position.hpp"
#include "layout.hpp"
#include "memory_map.hpp"
#include "start_info.hpp"

namespace pvh::boot {

namespace {

constexpr std::uint32_t kNewestVersion = 1;
/// RAM above the hole ends at 2^46 then, what 46-bit processors can name.
constexpr std::uint64_t kMostMemory = 64 * kTiB - kGiB;

Result<void> check_memory_size(std::uint64_t size) {
  if (size != 0 && size % kPageSize == 0 && size <= kMostMemory) return {};
  return std::unexpected(Error{.what = Fault::kMemorySize,
                               .found = Size{size},
                               .wanted = std::to_string(kMostMemory / kGiB) + " GiB"});
}

Result<void> check_version(std::uint32_t version) {
  if (version <= kNewestVersion) return {};
  return std::unexpected(Error{.what = Fault::kStartInfoVersion,
                               .clause = Clause::kStart2,
                               .found = std::uint64_t{version},
                               .wanted = "0 or 1"});
}

/// `name` is for messages.
Result<void> check_command_line(std::string_view line, const std::string& name) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte != 0 && byte < 0x80) continue;
    return std::unexpected(Error{.what = byte == 0 ? Fault::kCommandLineNul : Fault::kCommandLineNotAscii,
                                 .clause = Clause::kStart5,
                                 .subject = name,
                                 .where = i,
                                 .found = Hex{byte}});
  }
  return {};
}

Result<void> check_command_lines(const Request& request, const Parts& parts) {
  const auto& structures = parts.needs.structures;
  if (auto ok = check_command_line(request.command_line, structures[parts.command_line].name); !ok) return ok;
  for (std::size_t i = 0; i < request.modules.size(); ++i) {
    const auto& line = request.modules[i].command_line;
    if (!line) continue;
    if (auto ok = check_command_line(*line, structures[*parts.module_command_lines[i]].name); !ok) return ok;
  }
  return {};
}

Result<LayoutInput> check(const Request& request) {
  if (auto ok = check_version(request.version); !ok) return std::unexpected(ok.error());
  if (auto ok = check_memory_size(request.memory_size); !ok) return std::unexpected(ok.error());
  if (auto ok = check_position_request(request); !ok) return std::unexpected(ok.error());

  LayoutInput input{.request = request,
                    .parts = parts_of(request),
                    .fixed = board::fixed_ranges(request.board),
                    .user_ranges = resolve(request.user_ranges),
                    .tables = {}};
  if (auto ok = check_command_lines(request, input.parts); !ok) return std::unexpected(ok.error());
  if (auto ok = check_against_board(input.user_ranges, input.fixed); !ok) return std::unexpected(ok.error());
  if (!request.board.acpi) return input;

  auto tables = board::acpi_tables(request.board);
  if (!tables) return std::unexpected(std::move(tables).error());
  input.tables = std::move(*tables);
  return input;
}

/// Makes the plan of a layout: the bytes of each structure, and a region for each thing that has any.
class Builder {
 public:
  Builder(LayoutInput input, Layout layout)
      : request_(input.request), input_(std::move(input)), layout_(std::move(layout)) {}

  BootPlan build() && {
    add_kernel();
    add_structures();
    add_modules();
    if (input_.tables) add_made("ACPI tables", input_.tables->range, std::move(input_.tables->bytes));

    std::ranges::sort(plan_.regions, {}, &Region::range);
    plan_.version = request_.version;
    plan_.memory_size = request_.memory_size;
    plan_.backing = board::backing(request_.memory_size);
    plan_.memory_map = std::move(layout_.map);
    plan_.state = entry_state(plan_.entry, plan_.start_info);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] GuestAddress address_of(std::size_t structure) const {
    return layout_.placement.structures[structure];
  }

  /// 0, which says "not present" (START-4), where there is no such structure.
  [[nodiscard]] std::uint64_t address_of(const std::optional<std::size_t>& structure) const {
    return structure ? address_of(*structure).value() : 0;
  }

  void add_kernel() {
    const image::KernelImage& kernel = request_.kernel;
    const std::uint64_t offset = kernel.entry.value() - kernel.extent.start().value();
    plan_.entry = GuestAddress{layout_.kernel.value() + offset};
    for (std::size_t i = 0; i < kernel.elf.segments.size(); ++i) {
      const image::Segment& segment = kernel.elf.segments[i];
      const Origin origin = segment.bytes.empty() ? Origin::kZeros : Origin::kKernel;
      add_region(segment_name(i), moved(kernel, segment.memory, layout_.kernel),
                 {.origin = origin, .index = i, .bytes = segment.bytes});
    }
  }

  void add_structures() {
    const Parts& parts = input_.parts;
    const std::uint64_t entries = parts.memory_map ? layout_.map.size() : 0;
    const hvm_start_info info{
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = request_.version,
        .flags = 0,
        .nr_modules = static_cast<std::uint32_t>(request_.modules.size()),
        .modlist_paddr = address_of(parts.module_list),
        .cmdline_paddr = address_of(parts.command_line).value(),
        .rsdp_paddr = input_.tables ? input_.tables->rsdp.value() : 0,
        .memmap_paddr = address_of(parts.memory_map),
        .memmap_entries = static_cast<std::uint32_t>(entries),
        .reserved = 0,
    };
    plan_.start_info = address_of(parts.start_info);
    add_structure(parts.start_info, encode(info));
    if (parts.module_list) add_structure(*parts.module_list, encode(module_list()));
    if (parts.memory_map) add_structure(*parts.memory_map, encode(std::span<const MapEntry>(layout_.map)));
    add_structure(parts.command_line, encode_string(request_.command_line));
    for (std::size_t i = 0; i < request_.modules.size(); ++i) {
      const auto& line = parts.module_command_lines[i];
      if (line) add_structure(*line, encode_string(*request_.modules[i].command_line));
    }
  }

  [[nodiscard]] std::vector<hvm_modlist_entry> module_list() const {
    std::vector<hvm_modlist_entry> list;
    for (std::size_t i = 0; i < request_.modules.size(); ++i)
      list.push_back({.paddr = layout_.placement.modules[i].value(),
                      .size = request_.modules[i].bytes.size(),
                      .cmdline_paddr = address_of(input_.parts.module_command_lines[i]),
                      .reserved = 0});
    return list;
  }

  void add_modules() {
    for (std::size_t i = 0; i < request_.modules.size(); ++i) {
      const Bytes bytes = request_.modules[i].bytes;
      add_region(input_.parts.needs.modules[i].name,
                 GuestRange::from_size(layout_.placement.modules[i], bytes.size()),
                 {.origin = Origin::kModule, .index = i, .bytes = bytes});
    }
  }

  void add_structure(std::size_t structure, std::vector<std::byte> bytes) {
    const auto range = GuestRange::from_size(address_of(structure), bytes.size());
    add_made(input_.parts.needs.structures[structure].name, range, std::move(bytes));
  }

  void add_made(const std::string& name, const std::optional<GuestRange>& range,
                std::vector<std::byte> bytes) {
    plan_.made.push_back(std::move(bytes));
    // The view stays good when `made` grows: moving a vector does not move its bytes.
    add_region(name, range,
               {.origin = Origin::kMade, .index = plan_.made.size() - 1, .bytes = plan_.made.back()});
  }

  /// An empty module has no range, and so no region.
  void add_region(const std::string& name, const std::optional<GuestRange>& range, Content content) {
    if (range) plan_.regions.push_back({.name = name, .range = *range, .content = content});
  }

  const Request& request_;
  LayoutInput input_;
  Layout layout_;
  BootPlan plan_;
};

}  // namespace

Result<BootPlan> plan(const Request& request) {
  auto input = check(request);
  if (!input) return std::unexpected(std::move(input).error());
  auto layout = lay_out(*input, request.memory_size);
  if (!layout) return std::unexpected(with_remedy(*input, std::move(layout).error()));
  return Builder(std::move(*input), std::move(*layout)).build();
}

}  // namespace pvh::boot
