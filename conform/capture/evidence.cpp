#include "pvh/capture/evidence.hpp"

#include <fmt/format.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace pvh::conform {
namespace {

constexpr std::uint64_t kVersion0Size = offsetof(hvm_start_info, memmap_paddr);
// A hostile capture names everything a million times; none of this is met in one that means well.
constexpr std::uint64_t kMostTables = 64;
constexpr std::uint64_t kMostModules = 1024;
constexpr std::uint64_t kMostText = 2 * kMiB;
constexpr std::uint64_t kMostSummed = kMiB;

template <class T>
T at(Bytes bytes, std::uint64_t offset) {
  return read_le<T>(bytes, offset).value_or(0);
}

void read_info(Evidence& evidence) {
  const auto ebx = evidence.register_named("ebx");
  if (!ebx) return;
  const auto head = evidence.bytes(*ebx, kVersion0Size);
  if (!head) return;
  StartInfoSeen info{.magic = at<std::uint32_t>(*head, offsetof(hvm_start_info, magic)),
                     .version = at<std::uint32_t>(*head, offsetof(hvm_start_info, version)),
                     .flags = at<std::uint32_t>(*head, offsetof(hvm_start_info, flags)),
                     .module_count = at<std::uint32_t>(*head, offsetof(hvm_start_info, nr_modules)),
                     .module_list = at<std::uint64_t>(*head, offsetof(hvm_start_info, modlist_paddr)),
                     .command_line = at<std::uint64_t>(*head, offsetof(hvm_start_info, cmdline_paddr)),
                     .rsdp = at<std::uint64_t>(*head, offsetof(hvm_start_info, rsdp_paddr))};
  const auto whole = evidence.bytes(*ebx, sizeof(hvm_start_info));
  if (info.version >= 1 && whole) {
    info.map = at<std::uint64_t>(*whole, offsetof(hvm_start_info, memmap_paddr));
    info.map_count = at<std::uint32_t>(*whole, offsetof(hvm_start_info, memmap_entries));
    info.reserved = at<std::uint32_t>(*whole, offsetof(hvm_start_info, reserved));
  }
  evidence.known = info.magic == XEN_HVM_START_MAGIC_VALUE;
  evidence.info = info;
}

void read_modules(Evidence& evidence) {
  const StartInfoSeen& info = *evidence.info;
  if (info.module_count == 0) {
    evidence.modules.emplace();
    return;
  }
  if (info.module_list == 0 || info.module_count > kMostModules) return;
  const auto list =
      evidence.bytes(info.module_list, std::uint64_t{info.module_count} * sizeof(hvm_modlist_entry));
  if (!list) return;
  auto& modules = evidence.modules.emplace();
  // Of entries that nobody asked for only their number is a fault (START-6).
  const auto& asked = evidence.capture.asked.modules;
  const std::uint64_t size =
      asked ? std::min<std::uint64_t>(list->size(), asked->size() * sizeof(hvm_modlist_entry)) : list->size();
  for (std::uint64_t i = 0; i < size; i += sizeof(hvm_modlist_entry))
    modules.push_back(
        {.at = at<std::uint64_t>(*list, i + offsetof(hvm_modlist_entry, paddr)),
         .size = at<std::uint64_t>(*list, i + offsetof(hvm_modlist_entry, size)),
         .command_line = at<std::uint64_t>(*list, i + offsetof(hvm_modlist_entry, cmdline_paddr)),
         .reserved = at<std::uint64_t>(*list, i + offsetof(hvm_modlist_entry, reserved))});
}

/// What these entries cover together.
std::vector<Span> merged(std::vector<MapEntrySeen> entries) {
  std::ranges::sort(entries, {}, &MapEntrySeen::at);
  std::vector<Span> out;
  for (const MapEntrySeen& entry : entries) {
    if (entry.size == 0) continue;
    if (out.empty() || out.back().end < entry.at)
      out.push_back({entry.at, entry.end()});
    else
      out.back().end = std::max(out.back().end, entry.end());
  }
  return out;
}

void read_map(Evidence& evidence) {
  const StartInfoSeen& info = *evidence.info;
  if (!info.map_count || *info.map_count == 0 || *info.map == 0) return;
  const auto table =
      evidence.bytes(*info.map, std::uint64_t{*info.map_count} * sizeof(hvm_memmap_table_entry));
  if (!table) return;
  auto& map = evidence.map.emplace();
  for (std::uint64_t i = 0; i < table->size(); i += sizeof(hvm_memmap_table_entry))
    map.push_back({.at = at<std::uint64_t>(*table, i + offsetof(hvm_memmap_table_entry, addr)),
                   .size = at<std::uint64_t>(*table, i + offsetof(hvm_memmap_table_entry, size)),
                   .type = at<std::uint32_t>(*table, i + offsetof(hvm_memmap_table_entry, type)),
                   .reserved = at<std::uint32_t>(*table, i + offsetof(hvm_memmap_table_entry, reserved))});
  const auto covered_by = [&map](auto wanted) {
    std::vector<MapEntrySeen> entries;
    std::ranges::copy_if(map, std::back_inserter(entries), wanted);
    return merged(std::move(entries));
  };
  const auto unknown = [](const MapEntrySeen& entry) { return entry.size != 0 && !entry.has_known_type(); };
  const auto reserved = [](const MapEntrySeen& entry) { return entry.reserved != 0; };
  evidence.map_garbled = std::ranges::any_of(map, unknown) && std::ranges::any_of(map, reserved);
  if (evidence.map_garbled) evidence.map_fault = "the map's entries are no 24 bytes (MAP-1)";
  evidence.listed = merged(map);
  evidence.working = covered_by([](const MapEntrySeen& entry) {
    return entry.type != XEN_HVM_MEMMAP_TYPE_UNUSABLE && entry.type != XEN_HVM_MEMMAP_TYPE_DISABLED;
  });
  evidence.ram = covered_by(&MapEntrySeen::is_ram);
  evidence.maybe_ram =
      covered_by([](const MapEntrySeen& entry) { return entry.is_ram() || !entry.has_known_type(); });
}

/// The FADT's DSDT, which no list names: 64 bits, or 32 where those are 0 or the FADT ends before them.
std::uint64_t dsdt_of(const Evidence& evidence, std::uint64_t fadt) {
  constexpr std::uint64_t kDsdt = 40;
  constexpr std::uint64_t kWideDsdt = 140;
  const auto narrow = evidence.bytes(fadt, kDsdt + 4);
  if (!narrow) return 0;
  const auto wide = evidence.bytes(fadt, kWideDsdt + 8);
  if (wide && at<std::uint32_t>(*narrow, 4) >= kWideDsdt + 8)
    if (const auto address = at<std::uint64_t>(*wide, kWideDsdt); address != 0) return address;
  return at<std::uint32_t>(*narrow, kDsdt);
}

void add_table(Evidence& evidence, std::uint64_t address) {
  constexpr std::uint32_t kLongest = 16 * kMiB;
  if (address == 0 || evidence.tables.size() + evidence.table_faults.size() >= kMostTables) return;
  if (evidence.unreadable(address))
    evidence.table_faults.push_back(fmt::format("one at {:#x}, where nothing can be read", address));
  const auto header = evidence.bytes(address, 8);
  if (!header) return;
  const std::string name(as_text(header->first(4)));
  const auto length = at<std::uint32_t>(*header, 4);
  if (length < kTableHeader || length > kLongest) {
    evidence.table_faults.push_back(fmt::format("one at {:#x} of {} bytes", address, length));
    return;
  }
  evidence.tables.push_back({"ACPI's " + name, address, length});
  if (name == "FACP") add_table(evidence, dsdt_of(evidence, address));
}

void read_tables(Evidence& evidence) {
  constexpr std::uint64_t kNarrowRoot = 20;
  const std::uint64_t rsdp = evidence.info->rsdp;
  const auto root = evidence.bytes(rsdp, kNarrowRoot);
  if (rsdp == 0 || !root || as_text(root->first(8)) != "RSD PTR ") return;
  const bool wide = at<std::uint8_t>(*root, 15) >= 2;
  evidence.tables.push_back({"the RSDP", rsdp, wide ? kTableHeader : kNarrowRoot});
  const auto whole_root = evidence.bytes(rsdp, kTableHeader);
  if (wide && !whole_root) return;
  const std::uint64_t list = wide ? at<std::uint64_t>(*whole_root, 24) : at<std::uint32_t>(*root, 16);
  add_table(evidence, list);
  const auto header = evidence.bytes(list, kTableHeader);
  if (!header) return;
  const std::uint32_t length = at<std::uint32_t>(*header, 4);
  const auto whole = evidence.bytes(list, length);
  if (!whole) return;
  const std::uint64_t width = wide ? 8 : 4;
  for (std::uint64_t i = kTableHeader; i + width <= length && evidence.tables.size() < kMostTables;
       i += width)
    add_table(evidence, wide ? at<std::uint64_t>(*whole, i) : at<std::uint32_t>(*whole, i));
}

/// What lies in memory, by what was read so far.
void list_things(Evidence& evidence) {
  const StartInfoSeen& info = *evidence.info;
  std::vector<Taken>& out = evidence.things;
  const auto add = [&out](std::string name, std::uint64_t at, std::uint64_t size) {
    if (at != 0 && size != 0) out.push_back({std::move(name), at, size});
  };
  const auto add_text = [&](const std::string& name, std::uint64_t at) {
    const auto text = at == 0 ? std::nullopt : evidence.text(at);
    if (text) add(name, at, text->length + 1);
  };
  const auto& image = evidence.capture.image;
  if (image && image->size) add("the kernel", image->at, *image->size);
  add("the start info", *evidence.register_named("ebx"),
      info.version >= 1 ? sizeof(hvm_start_info) : offsetof(hvm_start_info, memmap_paddr));
  add_text("the command line", info.command_line);
  // What nobody asked for is START-6's, and may be no module at all.
  const auto& asked = evidence.capture.asked.modules;
  const std::uint64_t modules =
      asked ? std::min<std::uint64_t>(info.module_count, asked->size()) : info.module_count;
  add("the module list", info.module_list, modules * sizeof(hvm_modlist_entry));
  add("the memory map", info.map.value_or(0),
      std::uint64_t{info.map_count.value_or(0)} * sizeof(hvm_memmap_table_entry));
  if (!evidence.modules) return;
  for (std::size_t i = 0; i < evidence.modules->size(); ++i) {
    const ModuleSeen& module = (*evidence.modules)[i];
    add(fmt::format("module {}", i), module.at, module.size);
    add_text(name_of_module_words(i), module.command_line);
  }
}

/// A table over which something else lies tells of nothing but that (PLACE-1).
void doubt_what_is_overwritten(Evidence& evidence) {
  const auto doubt = [&](std::string_view name, std::string& fault) {
    const auto table = std::ranges::find(evidence.things, name, &Taken::name);
    if (table == evidence.things.end()) return false;
    const std::string over = lies_over(evidence, table->at, table->size);
    if (over.empty()) return false;
    fault = fmt::format("{} lies over {} (PLACE-1)", over, name);
    return true;
  };
  if (doubt("the memory map", evidence.map_fault)) evidence.map_garbled = false;
  doubt("the module list", evidence.module_fault);
}

}  // namespace

std::optional<Bytes> Evidence::bytes(std::uint64_t at, std::uint64_t size) const {
  const auto after = std::ranges::upper_bound(capture.memory, at, {}, &MemoryPiece::at);
  if (after == capture.memory.begin()) return std::nullopt;
  const MemoryPiece& piece = *std::prev(after);
  return slice(piece.bytes, at - piece.at, size);
}

bool Evidence::unreadable(std::uint64_t at) const {
  return !bytes(at, 1) && std::ranges::find(capture.unreadable, at) != capture.unreadable.end();
}

std::optional<TextSeen> Evidence::text(std::uint64_t at) const {
  TextSeen seen;
  const auto after = std::ranges::upper_bound(capture.memory, at, {}, &MemoryPiece::at);
  if (after != capture.memory.begin()) {
    const MemoryPiece& piece = *std::prev(after);
    if (at - piece.at < piece.bytes.size()) {
      const std::string_view shown = as_text(Bytes(piece.bytes).subspan(at - piece.at)).substr(0, kMostText);
      if (const auto nul = shown.find('\0'); nul != std::string_view::npos)
        return TextSeen{.length = nul, .terminated = true, .text = shown.substr(0, nul)};
      seen.length = shown.size();
    }
  }
  const auto told = std::ranges::find(capture.strings, at, &StringSeen::at);
  if (told != capture.strings.end())
    return TextSeen{.length = told->length,
                    .terminated = told->terminated,
                    .endless = !told->terminated && told->length < kProbeLooks};
  if (seen.length == 0) return std::nullopt;
  return seen;
}

std::optional<std::uint64_t> Evidence::register_named(const std::string& name) const {
  const auto found = capture.registers.find(name);
  if (found == capture.registers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> Evidence::checksum(std::uint64_t at, std::uint64_t size) const {
  for (const Checksum& sum : capture.checksums)
    if (sum.at == at && sum.size == size) return sum.crc32;
  if (size > kMostSummed) return std::nullopt;
  if (const auto shown = bytes(at, size)) return crc32(*shown);
  return std::nullopt;
}

bool covered(const std::vector<Span>& spans, std::uint64_t at, std::uint64_t size) {
  const auto after = std::ranges::upper_bound(spans, at, {}, &Span::first);
  if (after == spans.begin()) return false;
  const Span& span = *std::prev(after);
  return at < span.end && size <= span.end - at;
}

Evidence gather(const Capture& capture) {
  Evidence evidence{.capture = capture};
  read_info(evidence);
  if (!evidence.known) return evidence;
  read_modules(evidence);
  read_map(evidence);
  read_tables(evidence);
  list_things(evidence);
  doubt_what_is_overwritten(evidence);
  return evidence;
}

std::uint64_t ram_of(const Evidence& evidence) {
  std::uint64_t sum = 0;
  for (const Span& span : evidence.ram) sum += std::min(span.end - span.first, UINT64_MAX - sum);
  return sum;
}

bool lacks_ram(const Evidence& evidence) {
  const auto& asked = evidence.capture.asked.memory;
  const std::uint64_t ram = ram_of(evidence);
  return asked && ram < *asked && *asked - ram > kUnlisted;
}

std::string name_of_module_words(std::size_t i) {
  return fmt::format("the command line of module {}", i);
}

std::string lies_over(const Evidence& evidence, std::uint64_t at, std::uint64_t size,
                      std::string_view own_name) {
  const Taken own{.name = {}, .at = at, .size = size};
  // Of those that lie exactly there, the first is the thing itself.
  bool itself = false;
  const auto over = [&](const Taken& other) {
    if (!own_name.empty() && other.name == own_name) return false;
    if (other.at == own.at && other.size == own.size) return std::exchange(itself, true);
    return other.at < own.end() && own.at < other.end();
  };
  for (const auto* const all : {&evidence.things, &evidence.tables})
    for (const Taken& other : *all)
      if (over(other)) return other.name;
  return {};
}

std::optional<std::uint64_t> start_info_elsewhere(const Evidence& evidence) {
  for (const MemoryPiece& piece : evidence.capture.memory) {
    for (std::uint64_t offset = (4 - piece.at % 4) % 4; offset + kVersion0Size <= piece.bytes.size();
         offset += 4) {
      if (at<std::uint32_t>(piece.bytes, offset) == XEN_HVM_START_MAGIC_VALUE &&
          at<std::uint32_t>(piece.bytes, offset + 4) < 256)
        return piece.at + offset;
    }
  }
  return std::nullopt;
}

std::optional<std::string> command_line_at_ebx(const Evidence& evidence) {
  // Fewer letters may be there by chance.
  constexpr std::size_t kLeast = 8;
  const auto& asked = evidence.capture.asked.command_line;
  if (!asked || !evidence.info || evidence.known) return std::nullopt;
  const auto bytes = evidence.bytes(*evidence.register_named("ebx"), kVersion0Size);
  if (!bytes) return std::nullopt;
  const std::string_view text = as_text(*bytes);
  const auto* const end = std::ranges::find_if_not(text, [](char c) { return c >= ' ' && c < 0x7f; });
  const std::string_view words(text.begin(), end);
  if (words.size() < kLeast || asked->find(words) == std::string::npos) return std::nullopt;
  if (start_info_elsewhere(evidence)) return std::nullopt;
  return std::string(words);
}

bool looks_like_start_info(const StartInfoSeen& info) {
  const bool low = info.module_list < kFourGiB && info.command_line < kFourGiB && info.rsdp < kFourGiB &&
                   info.map.value_or(0) < kFourGiB;
  const bool names_something =
      info.module_list != 0 || info.command_line != 0 || info.rsdp != 0 || info.map.value_or(0) != 0;
  return info.version < 256 && info.flags < 256 && info.module_count < 65536 && low && names_something;
}

}  // namespace pvh::conform
