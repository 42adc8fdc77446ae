#include "draft.hpp"

#include <pvh/start_info.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "pvh/base/bytes.hpp"

namespace pvh::consumers {
namespace {

constexpr std::string_view kStartInfo = "start info";
constexpr std::string_view kModuleList = "module list";
constexpr std::string_view kMemoryMap = "memory map";
constexpr std::string_view kCommandLine = "command line";
constexpr std::string_view kModuleCommandLine = "command line of module ";

struct MemberPlace {
  std::string_view name;
  std::size_t offset;
  std::size_t size;
};

constexpr auto kMembers = std::to_array<MemberPlace>({
    {"magic", offsetof(hvm_start_info, magic), 4},
    {"version", offsetof(hvm_start_info, version), 4},
    {"flags", offsetof(hvm_start_info, flags), 4},
    {"nr_modules", offsetof(hvm_start_info, nr_modules), 4},
    {"modlist_paddr", offsetof(hvm_start_info, modlist_paddr), 8},
    {"cmdline_paddr", offsetof(hvm_start_info, cmdline_paddr), 8},
    {"rsdp_paddr", offsetof(hvm_start_info, rsdp_paddr), 8},
    {"memmap_paddr", offsetof(hvm_start_info, memmap_paddr), 8},
    {"memmap_entries", offsetof(hvm_start_info, memmap_entries), 4},
    {"reserved", offsetof(hvm_start_info, reserved), 4},
});

const MemberPlace* member_named(std::string_view name) {
  const auto* const found = std::ranges::find(kMembers, name, &MemberPlace::name);
  return found == kMembers.end() ? nullptr : found;
}

void put(std::vector<std::byte>& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size && offset + i < bytes.size(); ++i)
    bytes[offset + i] = static_cast<std::byte>(value >> 8 * i);
}

std::vector<std::byte> encoded(const std::vector<RawEntry>& map) {
  std::vector<std::byte> out;
  for (const RawEntry& entry : map) {
    append_le(out, entry.at);
    append_le(out, entry.size);
    append_le(out, entry.type);
    append_le(out, entry.reserved);
  }
  return out;
}

/// Which module's command line has this name.
std::optional<std::size_t> module_of(std::string_view name) {
  if (!name.starts_with(kModuleCommandLine)) return std::nullopt;
  name.remove_prefix(kModuleCommandLine.size());
  std::size_t index = 0;
  const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), index);
  return problem == std::errc() ? std::optional(index) : std::nullopt;
}

bool is_table(const std::string& name) {
  return name == kModuleList || name == kMemoryMap || name == kCommandLine || module_of(name).has_value();
}

}  // namespace

Draft::Draft(boot::BootPlan plan) : plan_(std::move(plan)) {}

const boot::Region* Draft::region(std::string_view name) const {
  const auto found = std::ranges::find(plan_.regions, name, &boot::Region::name);
  return found == plan_.regions.end() ? nullptr : &*found;
}

boot::Region* Draft::region(std::string_view name) {
  const auto found = std::ranges::find(plan_.regions, name, &boot::Region::name);
  return found == plan_.regions.end() ? nullptr : &*found;
}

std::vector<std::byte>& Draft::bytes_of(const boot::Region& region) {
  return plan_.made.at(region.content.index);
}

bool Draft::set(std::string_view member, std::uint64_t value) {
  const MemberPlace* const place = member_named(member);
  if (place == nullptr) return false;
  put(bytes_of(*region(kStartInfo)), place->offset, value, place->size);
  return true;
}

std::uint64_t Draft::get(std::string_view member) const {
  const MemberPlace* const place = member_named(member);
  if (place == nullptr) return 0;
  const Bytes bytes = region(kStartInfo)->content.bytes;
  if (place->size == 4) return read_le<std::uint32_t>(bytes, place->offset).value_or(0);
  return read_le<std::uint64_t>(bytes, place->offset).value_or(0);
}

std::vector<RawEntry> Draft::map() const {
  std::vector<RawEntry> out;
  const boot::Region* const table = region(kMemoryMap);
  if (table == nullptr) return out;
  const Bytes bytes = table->content.bytes;
  for (std::size_t at = 0; at + sizeof(hvm_memmap_table_entry) <= bytes.size();
       at += sizeof(hvm_memmap_table_entry))
    out.push_back({.at = read_le<std::uint64_t>(bytes, at).value_or(0),
                   .size = read_le<std::uint64_t>(bytes, at + 8).value_or(0),
                   .type = read_le<std::uint32_t>(bytes, at + 16).value_or(0),
                   .reserved = read_le<std::uint32_t>(bytes, at + 20).value_or(0)});
  return out;
}

bool Draft::set_map(const std::vector<RawEntry>& map) {
  boot::Region* const table = region(kMemoryMap);
  if (table == nullptr || map.empty()) return false;
  std::vector<std::byte> bytes = encoded(map);
  std::uint64_t at = table->range.start().value();
  if (bytes.size() > table->range.size()) {
    const auto room = room_for(bytes.size());
    if (!room) return false;
    at = *room;
  }
  table->range = *GuestRange::from_size(GuestAddress{at}, bytes.size());
  std::vector<std::byte>& made = bytes_of(*table);
  made = std::move(bytes);
  table->content.bytes = made;
  return set("memmap_paddr", at) && set("memmap_entries", map.size());
}

void Draft::fill_reserved(std::uint32_t value) {
  const std::uint64_t twice = value | std::uint64_t{value} << 32U;
  static_cast<void>(set("reserved", value));
  if (const boot::Region* const list = region(kModuleList)) {
    std::vector<std::byte>& bytes = bytes_of(*list);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(hvm_modlist_entry))
      put(bytes, at + offsetof(hvm_modlist_entry, reserved), twice, 8);
  }
  if (const boot::Region* const table = region(kMemoryMap)) {
    std::vector<std::byte>& bytes = bytes_of(*table);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(hvm_memmap_table_entry))
      put(bytes, at + offsetof(hvm_memmap_table_entry, reserved), value, 4);
  }
}

bool Draft::is_free(const GuestRange& range) const {
  const bool in_ram = std::ranges::any_of(plan_.memory_map, [&](const boot::MapEntry& entry) {
    return entry.type == XEN_HVM_MEMMAP_TYPE_RAM && entry.range.contains(range);
  });
  return in_ram && std::ranges::none_of(plan_.regions, [&](const boot::Region& region) {
           return region.range.overlaps(range);
         });
}

std::optional<std::uint64_t> Draft::room_for(std::uint64_t size) const {
  // Behind something that lies there already: the lowest such end at which it is free.
  std::optional<std::uint64_t> lowest;
  for (const boot::Region& region : plan_.regions) {
    const auto at = align_up(region.range.end().value(), 16);
    if (!at || *at >= kGiB || (lowest && *at >= *lowest)) continue;
    const auto range = GuestRange::from_size(GuestAddress{*at}, size);
    if (range && is_free(*range)) lowest = at;
  }
  return lowest;
}

std::vector<std::string> Draft::names_of(What what) const {
  std::vector<std::string> out;
  for (const boot::Region& region : plan_.regions) {
    const bool info = region.name == kStartInfo;
    if ((info && what != What::kTables) || (is_table(region.name) && what != What::kStartInfo))
      out.push_back(region.name);
  }
  return out;
}

std::uint64_t Draft::kernel_end() const {
  std::uint64_t end = 0;
  for (const boot::Region& region : plan_.regions) {
    const boot::Origin origin = region.content.origin;
    if (origin == boot::Origin::kKernel || origin == boot::Origin::kZeros)
      end = std::max(end, region.range.end().value());
  }
  return align_up(end, kPageSize).value_or(end);
}

std::uint64_t Draft::behind_others(std::uint64_t at) const {
  for (;;) {
    const auto other = std::ranges::find_if(
        plan_.regions, [at](const boot::Region& region) { return region.range.contains(GuestAddress{at}); });
    if (other == plan_.regions.end()) return at;
    at = align_up(other->range.end().value(), 8).value_or(UINT64_MAX);
  }
}

std::optional<std::uint64_t> Draft::address_for(const Placed& placed, std::uint64_t size) const {
  switch (placed.where) {
    case Where::kUnaligned: {
      const auto room = room_for(size + 8);
      return room ? std::optional(*room + 3) : std::nullopt;
    }
    case Where::kBefore:
      return placed.at - *align_up(size, 8);
    case Where::kFrom:
      return behind_others(placed.at);
    case Where::kBehindKernel:
      return behind_others(kernel_end());
  }
  return std::nullopt;
}

void Draft::point(std::string_view name, std::uint64_t at) {
  if (name == kStartInfo) {
    plan_.start_info = GuestAddress{at};
    plan_.state.ebx = static_cast<std::uint32_t>(at);
  } else if (name == kModuleList) {
    static_cast<void>(set("modlist_paddr", at));
  } else if (name == kMemoryMap) {
    static_cast<void>(set("memmap_paddr", at));
  } else if (name == kCommandLine) {
    static_cast<void>(set("cmdline_paddr", at));
  } else if (const auto index = module_of(name)) {
    if (const boot::Region* const list = region(kModuleList))
      put(bytes_of(*list), *index * sizeof(hvm_modlist_entry) + offsetof(hvm_modlist_entry, cmdline_paddr),
          at, 8);
  }
}

void Draft::move_to(const std::string& name, std::uint64_t at) {
  boot::Region* const moved = region(name);
  moved->range = *GuestRange::from_size(GuestAddress{at}, moved->range.size());
  point(name, at);
}

std::optional<std::string> Draft::place(const Placed& placed) {
  for (const std::string& name : names_of(placed.what)) {
    // Of strings nobody expects an alignment.
    if (placed.where == Where::kUnaligned && name != kStartInfo && name != kModuleList && name != kMemoryMap)
      continue;
    const std::uint64_t size = region(name)->range.size();
    const auto at = address_for(placed, size);
    const auto range = at ? GuestRange::from_size(GuestAddress{*at}, size) : std::nullopt;
    if (!range || !is_free(*range)) return "there is no free RAM for the " + name + " there";
    move_to(name, *at);
  }
  return std::nullopt;
}

boot::BootPlan Draft::finish() && {
  std::ranges::sort(plan_.regions, {}, &boot::Region::range);
  return std::move(plan_);
}

}  // namespace pvh::consumers
