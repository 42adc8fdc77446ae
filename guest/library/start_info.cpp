#include "pvh/guest/start_info.hpp"

#include "decode.hpp"

namespace pvh::guest {
namespace {

// What version 1 added (START-2).
constexpr size_t kVersion1Size = sizeof(hvm_start_info) - kVersion0Size;

Error read_or_error(const Memory& memory, uint64_t paddr, void* out, size_t size, Clause clause) {
  if (wraps(paddr, size)) return {Clause::kCons2, Fault::kWraps, paddr, size};
  if (!memory.read(memory.context, paddr, out, size)) return {clause, Fault::kUnreadable, paddr, size};
  return {};
}

/// Where the first zero byte is, or `size`. Eight bytes at a time: command lines are most of what is read.
size_t find_nul(const unsigned char* bytes, size_t size) {
  size_t at = 0;
  for (; size - at >= 8; at += 8) {
    constexpr uint64_t kOnes = 0x0101010101010101;
    const uint64_t eight = load64(bytes + at);
    if (((eight - kOnes) & ~eight & (kOnes << 7U)) != 0) break;
  }
  while (at < size && bytes[at] != 0) ++at;
  return at;
}

/// The string at `paddr`, at most `limit` characters long.
Result<String> measure(const Memory& memory, uint64_t paddr, uint64_t limit, Clause clause) {
  if (paddr == 0) return Absent{};
  unsigned char chunk[64];
  uint64_t length = 0;
  while (length <= limit) {
    const uint64_t at = paddr + length;
    if (at < paddr) break;
    // Chunks end at multiples of their size: one that cannot be read as a whole is then rare, and none wraps.
    size_t size = sizeof(chunk) - at % sizeof(chunk);
    if (size - 1 > limit - length) size = static_cast<size_t>(limit - length) + 1;
    while (size != 0 && !memory.read(memory.context, at, chunk, size)) size /= 2;
    if (size == 0) {
      if (length == 0) return Error{Clause::kStart8, Fault::kUnreadable, paddr, 1};
      break;
    }
    const size_t nul = find_nul(chunk, size);
    length += nul;
    if (nul < size) return String{paddr, length};
  }
  return Error{clause, Fault::kUnterminated, paddr, length};
}

}  // namespace

Result<StartInfo> StartInfo::parse(const Memory& memory, uint64_t paddr) {
  if (paddr == 0) return Error{Clause::kStart4, Fault::kNoStartInfo, 0, 0};
  unsigned char bytes[kVersion0Size + kVersion1Size];
  if (const auto error = read_or_error(memory, paddr, bytes, kVersion0Size, Clause::kStart8);
      error.fault != Fault::kNone)
    return error;

  const uint32_t magic = load32(bytes + offsetof(hvm_start_info, magic));
  if (magic != XEN_HVM_START_MAGIC_VALUE) return Error{Clause::kStart1, Fault::kBadMagic, paddr, magic};

  pvh_start start{};
  start.memory = memory;
  start.paddr = paddr;
  start.version = load32(bytes + offsetof(hvm_start_info, version));
  start.flags = load32(bytes + offsetof(hvm_start_info, flags));
  start.modlist_paddr = load64(bytes + offsetof(hvm_start_info, modlist_paddr));
  start.cmdline_paddr = load64(bytes + offsetof(hvm_start_info, cmdline_paddr));
  start.rsdp_paddr = load64(bytes + offsetof(hvm_start_info, rsdp_paddr));
  // A table at 0 is no table, whatever its count says (START-4).
  if (start.modlist_paddr != 0) start.nr_modules = load32(bytes + offsetof(hvm_start_info, nr_modules));
  if (start.version == 0) return StartInfo(start);

  if (const auto error =
          read_or_error(memory, paddr + kVersion0Size, bytes + kVersion0Size, kVersion1Size, Clause::kStart8);
      error.fault != Fault::kNone)
    return error;
  start.memmap_paddr = load64(bytes + offsetof(hvm_start_info, memmap_paddr));
  if (start.memmap_paddr != 0)
    start.memmap_entries = load32(bytes + offsetof(hvm_start_info, memmap_entries));
  return StartInfo(start);
}

Result<String> StartInfo::command_line(uint64_t limit) const {
  return measure(start_.memory, start_.cmdline_paddr, limit, Clause::kStart5);
}

Result<Module> StartInfo::module(uint32_t index) const {
  if (index >= start_.nr_modules) return Absent{};
  const uint64_t offset = uint64_t{index} * sizeof(hvm_modlist_entry);
  // Both sums are checked: the offset's here, the entry's own in read_or_error.
  if (wraps(start_.modlist_paddr, offset))
    return Error{Clause::kCons2, Fault::kWraps, start_.modlist_paddr, offset};
  const uint64_t at = start_.modlist_paddr + offset;
  unsigned char bytes[sizeof(hvm_modlist_entry)];
  if (const auto error = read_or_error(start_.memory, at, bytes, sizeof(bytes), Clause::kStart8);
      error.fault != Fault::kNone)
    return error;

  const Module module{load64(bytes + offsetof(hvm_modlist_entry, paddr)),
                      load64(bytes + offsetof(hvm_modlist_entry, size)),
                      load64(bytes + offsetof(hvm_modlist_entry, cmdline_paddr))};
  if (module.paddr == 0 && module.size != 0)
    return Error{Clause::kStart4, Fault::kModuleAtZero, at, module.size};
  if (wraps(module.paddr, module.size)) return Error{Clause::kCons2, Fault::kModuleWraps, at, module.size};
  return module;
}

Result<String> StartInfo::command_line_of(const Module& module, uint64_t limit) const {
  return measure(start_.memory, module.cmdline_paddr, limit, Clause::kStart6);
}

Result<uint64_t> StartInfo::rsdp() const {
  if (start_.rsdp_paddr == 0) return Absent{};
  return start_.rsdp_paddr;
}

Result<MemoryMap> StartInfo::memory_map() const {
  if (start_.memmap_entries == 0) return Absent{};
  const uint64_t size = uint64_t{start_.memmap_entries} * sizeof(hvm_memmap_table_entry);
  if (wraps(start_.memmap_paddr, size))
    return Error{Clause::kCons2, Fault::kWraps, start_.memmap_paddr, size};
  return MemoryMap(start_.memory, start_.memmap_paddr, start_.memmap_entries);
}

Result<uint64_t> copy_string(const Memory& memory, const String& string, char* out, size_t capacity) {
  if (string.size >= capacity) return Error{Clause::kCons2, Fault::kStorageTooSmall, string.paddr, capacity};
  const auto size = static_cast<size_t>(string.size);
  constexpr size_t kChunk = 256;
  for (size_t done = 0; done < size;) {
    const size_t piece = size - done < kChunk ? size - done : kChunk;
    if (const auto error = read_or_error(memory, string.paddr + done, out + done, piece, Clause::kStart8);
        error.fault != Fault::kNone)
      return error;
    done += piece;
  }
  out[size] = '\0';
  return string.size;
}

}  // namespace pvh::guest
