#include "start_info.hpp"

#include "pvh/base/bytes.hpp"

namespace pvh::boot {

std::vector<std::byte> encode(const hvm_start_info& info) {
  std::vector<std::byte> out;
  out.reserve(sizeof(hvm_start_info));
  append_le(out, info.magic);
  append_le(out, info.version);
  append_le(out, info.flags);
  append_le(out, info.nr_modules);
  append_le(out, info.modlist_paddr);
  append_le(out, info.cmdline_paddr);
  append_le(out, info.rsdp_paddr);
  append_le(out, info.memmap_paddr);
  append_le(out, info.memmap_entries);
  append_le(out, info.reserved);
  return out;
}

std::vector<std::byte> encode(std::span<const hvm_modlist_entry> modules) {
  std::vector<std::byte> out;
  out.reserve(modules.size() * sizeof(hvm_modlist_entry));
  for (const hvm_modlist_entry& module : modules) {
    append_le(out, module.paddr);
    append_le(out, module.size);
    append_le(out, module.cmdline_paddr);
    append_le(out, module.reserved);
  }
  return out;
}

std::vector<std::byte> encode(std::span<const MapEntry> map) {
  std::vector<std::byte> out;
  out.reserve(map.size() * sizeof(hvm_memmap_table_entry));
  for (const MapEntry& entry : map) {
    append_le(out, entry.range.start().value());
    append_le(out, entry.range.size());
    append_le(out, entry.type);
    append_le(out, std::uint32_t{0});  // reserved
  }
  return out;
}

std::vector<std::byte> encode_string(std::string_view text) {
  const Bytes characters = as_bytes(text);
  std::vector<std::byte> out;
  out.reserve(characters.size() + 1);
  out.assign(characters.begin(), characters.end());
  out.push_back(std::byte{0});
  return out;
}

}  // namespace pvh::boot
