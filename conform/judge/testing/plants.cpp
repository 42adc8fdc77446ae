#include "pvh/judge_testing/plants.hpp"

#include <pvh/start_info.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "pvh/judge_testing/good_capture.hpp"

namespace pvh::conform::testing {
namespace {

using std::uint32_t;
using std::uint64_t;

constexpr uint64_t info(uint64_t offset) {
  return kStartInfo + offset;
}
constexpr uint64_t entry(uint64_t index, uint64_t offset) {
  return kMap + index * sizeof(hvm_memmap_table_entry) + offset;
}
constexpr uint64_t module(uint64_t index, uint64_t offset) {
  return kModuleList + index * sizeof(hvm_modlist_entry) + offset;
}

/// A kernel as good as another is refused, in a case that was made for this clause.
template <Clause clause>
void refused(Capture& capture) {
  capture.asked.about = clause;
  capture.outcome = Outcome::kRefused;
  capture.words = "there is no entry note";
}

/// A kernel that nobody can boot is booted.
template <Clause clause>
void booted(Capture& capture) {
  capture.asked.about = clause;
  capture.asked.bootable = false;
}

void move_kernel(Capture& capture, uint64_t at) {
  capture.image->entry = *capture.image->entry - capture.image->at + at;
  capture.image->at = at;
}

void does_not_fit(Capture& capture, Outcome outcome, std::string words) {
  capture.asked.fits = false;
  capture.asked.memory = 16 * kMiB;
  capture.asked.modules = std::vector<ModuleAsked>{{.size = 20 * kMiB}};
  capture.outcome = outcome;
  capture.words = std::move(words);
}

/// The second module, whose bytes are as they were given.
void move_module(Capture& capture, uint64_t at) {
  put(capture, module(1, offsetof(hvm_modlist_entry, paddr)), at);
  capture.checksums.push_back({at, 0x333, 2});
}

void move_command_line(Capture& capture, uint64_t at) {
  move(capture, kCommandLine, at, 20);
  put(capture, info(offsetof(hvm_start_info, cmdline_paddr)), at);
}

/// Entries `a` and `b` change places.
void swap_entries(Capture& capture, uint64_t a, uint64_t b) {
  constexpr uint64_t kSize = sizeof(hvm_memmap_table_entry);
  const auto first = take(capture, entry(a, 0), kSize);
  const auto second = take(capture, entry(b, 0), kSize);
  if (!add_memory(capture.memory, entry(a, 0), second) || !add_memory(capture.memory, entry(b, 0), first))
    std::abort();
}

void move_start_info_to_0(Capture& capture) {
  const auto bytes = take(capture, info(0), sizeof(hvm_start_info));
  if (!add_memory(capture.memory, 0, bytes)) std::abort();
  capture.registers["ebx"] = 0;
}

/// A module where something else lies as well, which `bytes` are left of.
void put_module_over(Capture& capture, uint64_t at, std::string_view bytes) {
  move_module(capture, at & ~uint64_t{0xfff});
  for (std::size_t i = 0; i < bytes.size(); ++i) put(capture, at + i, bytes[i]);
}

/// A table whose bytes sum to zero, by the tenth.
void put_table(Capture& capture, uint64_t at, std::vector<std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  bytes[9] = static_cast<std::byte>(256 - sum % 256);
  if (!add_memory(capture.memory, at, bytes)) std::abort();
}

/// A FADT that names a DSDT in 32 bits, and what no memory answers at in 64.
void add_fadt_with_two_dsdts(Capture& capture) {
  constexpr uint64_t kFadt = kRoot + 0x100;
  constexpr uint64_t kDsdt = kRoot + 0x300;
  const auto table = [](std::string_view name, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::memcpy(bytes.data(), name.data(), name.size());
    bytes[4] = static_cast<std::byte>(size);
    return bytes;
  };
  const auto set = [](std::vector<std::byte>& bytes, std::size_t at, uint64_t value, std::size_t size) {
    std::memcpy(bytes.data() + at, &value, size);
  };
  take(capture, kRoot, 36);
  auto root = table("XSDT", 44);
  set(root, 36, kFadt, 8);
  put_table(capture, kRoot, root);
  auto fadt = table("FACP", 244);
  set(fadt, 40, kDsdt, 4);
  set(fadt, 140, kDsdt + 0x1000, 8);
  put_table(capture, kFadt, fadt);
  put_table(capture, kDsdt, table("DSDT", 36));
  capture.unreadable = {kDsdt + 0x1000};
}

constexpr auto kPlants = std::to_array<Plant>({
    {Clause::kNote1, "starts at another owner's note 18", [](Capture& c) { c.image->entry = kForeignEntry; }},
    {Clause::kNote2, "reads a part of the note's value", [](Capture& c) { c.image->entry = kImage + 0x104; }},
    {Clause::kNote2, "does not know a descriptor of 4 bytes", refused<Clause::kNote2>},
    {Clause::kNote2, "takes a descriptor of 12 bytes", booted<Clause::kNote2>},
    {Clause::kNote3, "pads by the segment's alignment", refused<Clause::kNote3>},
    {Clause::kNote4, "looks at the last PT_NOTE only", refused<Clause::kNote4>},
    {Clause::kNote4, "takes the first of two that disagree", booted<Clause::kNote4>},
    {Clause::kNote5, "starts at e_entry", [](Capture& c) { c.image->entry = kImage; }},
    {Clause::kNote5, "refuses an e_entry of 0", refused<Clause::kNote5>},
    {Clause::kNote6, "moves a kernel that cannot be moved",
     [](Capture& c) {
       move_kernel(c, 0x200000);
       c.image->movable = false;
     }},
    {Clause::kNote6, "moves a kernel below what its note allows", [](Capture& c) { move_kernel(c, 0x20000); }},
    {Clause::kNote6, "moves a kernel to where its note does not align it",
     [](Capture& c) { move_kernel(c, 0x200800); }},
    {Clause::kNote7, "leaves garbage in the bss", [](Capture& c) { c.image->zeroed = false; }},

    {Clause::kStart1, "writes another magic", [](Capture& c) { put(c, info(0), uint32_t{0x336ec579}); }},
    {Clause::kStart2, "says version 2",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, version)), uint32_t{2}); }},
    {Clause::kStart3, "makes the guest the initial domain",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, flags)), uint32_t{2}); }},
    {Clause::kStart4, "counts modules and gives no list",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, modlist_paddr)), uint64_t{0}); }},
    {Clause::kStart4, "counts map entries and gives no map",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, memmap_paddr)), uint64_t{0}); }},
    {Clause::kStart4, "places the start info at 0", move_start_info_to_0},
    {Clause::kStart5, "cuts the command line", [](Capture& c) { put(c, kCommandLine + 8, std::uint8_t{0}); }},
    {Clause::kStart5, "passes no command line",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, cmdline_paddr)), uint64_t{0}); }},
    {Clause::kStart5, "passes other characters than ASCII",
     [](Capture& c) {
       c.asked.command_line.reset();
       put(c, kCommandLine, std::uint8_t{0xe9});
     }},
    {Clause::kStart5, "does not end a module's command line",
     [](Capture& c) {
       take(c, kModuleCommandLine, 14);
       c.strings.push_back({kModuleCommandLine, 20, false});
       c.asked.modules->front().command_line.reset();
     }},
    {Clause::kStart5, "lets a long command line run over the start info",
     [](Capture& c) {
       c.asked.about = Clause::kMap4;
       const auto words = take(c, kCommandLine, 20);
       take(c, info(0), words.size());
       if (!add_memory(c.memory, info(0), words)) std::abort();
     }},
    {Clause::kStart6, "leaves garbage in a module's reserved word",
     [](Capture& c) { put(c, module(1, offsetof(hvm_modlist_entry, reserved)), uint64_t{0x965}); }},
    {Clause::kStart6, "leaves garbage in the start info's reserved word",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, reserved)), uint32_t{1}); }},
    {Clause::kStart6, "forgets the last module",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, nr_modules)), uint32_t{1}); }},
    {Clause::kStart6, "changes a module's bytes", [](Capture& c) { c.checksums.front().crc32 = 99; }},
    {Clause::kStart6, "turns the modules round",
     [](Capture& c) { std::swap((*c.asked.modules)[0], (*c.asked.modules)[1]); }},
    {Clause::kStart7, "makes tables and hands over no RSDP",
     [](Capture& c) {
       put(c, info(offsetof(hvm_start_info, rsdp_paddr)), uint64_t{0});
       c.rsdp_elsewhere = {kRsdp};
     }},
    {Clause::kStart7, "points at no RSDP", [](Capture& c) { put(c, kRsdp, std::uint8_t{'r'}); }},
    {Clause::kStart7, "gets the RSDP's checksum wrong", [](Capture& c) { put(c, kRsdp + 9, std::uint8_t{'Q'}); }},
    {Clause::kStart7, "gets the XSDT's checksum wrong", [](Capture& c) { put(c, kRoot + 10, std::uint8_t{'Q'}); }},
    {Clause::kStart7, "names a table that is no XSDT",
     [](Capture& c) {
       put(c, kRoot, std::uint8_t{'X' + 1});
       put(c, kRoot + 1, std::uint8_t{'S' - 1});
     }},
    {Clause::kStart7, "names a table where nothing is",
     [](Capture& c) {
       take(c, kRoot, 36);
       c.unreadable = {kRoot};
     }},
    {Clause::kStart8, "aligns the module list to 4",
     [](Capture& c) {
       move(c, kModuleList, 0x2004, 2 * sizeof(hvm_modlist_entry));
       put(c, info(offsetof(hvm_start_info, modlist_paddr)), uint64_t{0x2004});
     }},
    {Clause::kStart8, "puts the command line above 4 GiB",
     [](Capture& c) { move_command_line(c, 0x100000000); }},
    {Clause::kStart8, "puts the command line above 1 GiB", [](Capture& c) { move_command_line(c, 0xfee01000); }},
    {Clause::kStart8, "puts the command line in memory that is unusable",
     [](Capture& c) {
       put(c, entry(1, offsetof(hvm_memmap_table_entry, type)), uint32_t{XEN_HVM_MEMMAP_TYPE_UNUSABLE});
       move_command_line(c, 0xa0100);
     }},
    {Clause::kStart8, "points at a map where nothing can be read",
     [](Capture& c) {
       take(c, kMap, 5 * sizeof(hvm_memmap_table_entry));
       c.unreadable = {kMap};
     }},
    {Clause::kStart8, "puts the map where its own map lists nothing",
     [](Capture& c) {
       move(c, kMap, 0xd0000000, 5 * sizeof(hvm_memmap_table_entry));
       put(c, info(offsetof(hvm_start_info, memmap_paddr)), uint64_t{0xd0000000});
     }},

    {Clause::kMap1, "leaves garbage in an entry's reserved word",
     [](Capture& c) { put(c, entry(2, offsetof(hvm_memmap_table_entry, reserved)), uint32_t{7}); }},
    {Clause::kMap1, "packs entries into 20 bytes",
     [](Capture& c) {
       std::vector<std::byte> packed;
       for (uint64_t i = 0; i < 5; ++i) {
         const auto bytes = take(c, entry(i, 0), sizeof(hvm_memmap_table_entry));
         packed.insert(packed.end(), bytes.begin(), bytes.begin() + 20);
       }
       packed.resize(5 * sizeof(hvm_memmap_table_entry));
       if (!add_memory(c.memory, kMap, packed)) std::abort();
     }},
    {Clause::kMap2, "calls all memory type 9",
     [](Capture& c) { put(c, entry(3, offsetof(hvm_memmap_table_entry, type)), uint32_t{9}); }},
    {Clause::kMap5, "calls all memory reserved",
     [](Capture& c) { put(c, entry(3, offsetof(hvm_memmap_table_entry, type)), uint32_t{2}); }},
    {Clause::kMap4, "hands over the first entry only",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, memmap_entries)), uint32_t{1}); }},
    {Clause::kStart6, "counts a module too many",
     [](Capture& c) { put(c, info(offsetof(hvm_start_info, nr_modules)), uint32_t{7}); }},
    {Clause::kStart7, "names a table that is as long as the address space",
     [](Capture& c) { put(c, kRoot + 4, uint32_t{0xffffffff}); }},
    {Clause::kStart7, "names a DSDT in 64 bits where nothing is, and a good one in 32", add_fadt_with_two_dsdts},
    {Clause::kStart8, "puts the XSDT where the map lists nothing",
     [](Capture& c) {
       move(c, kRoot, 0xc0000000, 36);
       put(c, kRsdp + 24, uint64_t{0xc0000000});
       // Both sums: of the first 20 bytes, where nothing changed, and of all.
       const auto bytes = take(c, kRsdp, 36);
       if (!add_memory(c.memory, kRsdp, bytes)) std::abort();
       unsigned sum = 0;
       for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
       put(c, kRsdp + 32, static_cast<std::uint8_t>(std::to_integer<unsigned>(bytes[32]) - sum));
     }},
    {Clause::kNote6, "moves a kernel and leaves its entry behind", [](Capture& c) { c.image->at = 0x200000; }},
    {Clause::kCpu1, "points behind the start info", [](Capture& c) { c.registers["ebx"] = kStartInfo + 8; }},
    {Clause::kCpu1, "points at the module list", [](Capture& c) { c.registers["ebx"] = kModuleList; }},
    {Clause::kPlace1, "writes the command line over the map",
     [](Capture& c) {
       const auto words = take(c, kCommandLine, 20);
       take(c, kMap + 30, words.size());
       if (!add_memory(c.memory, kMap + 30, words)) std::abort();
       put(c, info(offsetof(hvm_start_info, cmdline_paddr)), kMap + 30);
     }},
    {Clause::kPlace1, "puts two modules at one place",
     [](Capture& c) {
       (*c.asked.modules)[1].size = 0x2000;
       put(c, module(1, offsetof(hvm_modlist_entry, size)), uint64_t{0x2000});
       put(c, module(1, offsetof(hvm_modlist_entry, paddr)), uint64_t{0x7f00000});
     }},
    {Clause::kMap2, "calls memory type 12",
     [](Capture& c) { put(c, entry(1, offsetof(hvm_memmap_table_entry, type)), uint32_t{12}); }},
    {Clause::kMap3, "does not sort the map", [](Capture& c) { swap_entries(c, 0, 4); }},
    {Clause::kMap3, "ends the map with an empty entry",
     [](Capture& c) {
       for (uint64_t at = entry(4, 0); at < entry(5, 0); ++at) put(c, at, std::uint8_t{0});
     }},
    {Clause::kMap3, "lets entries overlap",
     [](Capture& c) { put(c, entry(1, offsetof(hvm_memmap_table_entry, size)), uint64_t{0x50000}); }},
    {Clause::kMap3, "lets an entry pass 2^64",
     [](Capture& c) { put(c, entry(4, offsetof(hvm_memmap_table_entry, size)), UINT64_MAX); }},
    {Clause::kMap3, "lets RAM overlap what holds the tables",
     [](Capture& c) {
       put(c, entry(3, offsetof(hvm_memmap_table_entry, addr)), uint64_t{0xe0000});
       put(c, entry(3, offsetof(hvm_memmap_table_entry, size)), kMemory - 0xe0000);
     }},
    {Clause::kMap5, "leaves out the RAM in which the command line lies",
     [](Capture& c) {
       move_command_line(c, 0x200000);
       put(c, entry(3, offsetof(hvm_memmap_table_entry, addr)), uint64_t{0xfed00000});
       put(c, entry(3, offsetof(hvm_memmap_table_entry, size)), uint64_t{0x1000});
       put(c, entry(3, offsetof(hvm_memmap_table_entry, type)), uint32_t{XEN_HVM_MEMMAP_TYPE_RESERVED});
     }},
    {Clause::kMap4, "cuts the number of entries", [](Capture& c) { c.asked.map_entries = 261; }},
    {Clause::kMap5, "calls RAM what is not there",
     [](Capture& c) { c.ram.push_back({kImage, kMemory, 64, 3, 0x7ff0000}); }},
    {Clause::kMap5, "gives more than was asked for", [](Capture& c) { c.asked.memory = kMemory - 8 * kMiB; }},
    {Clause::kMap5, "gives less than was asked for", [](Capture& c) { c.asked.memory = 2 * kMemory; }},
    {Clause::kMap5, "calls RAM what holds ACPI tables",
     [](Capture& c) { put(c, entry(2, offsetof(hvm_memmap_table_entry, type)), uint32_t{1}); }},

    {Clause::kCpu1, "points ebx at zeros",
     [](Capture& c) {
       c.registers["ebx"] = 0x9000;
       const std::vector<std::byte> zeros(sizeof(hvm_start_info));
       if (!add_memory(c.memory, 0x9000, zeros)) std::abort();
     }},
    {Clause::kCpu1, "leaves ebx at what it was",
     [](Capture& c) {
       c.registers["ebx"] = 0xfffffff0;
       c.unreadable = {0xfffffff0};
     }},
    {Clause::kCpu2, "leaves cr0.NE set", [](Capture& c) { c.registers["cr0"] = 0x31; }},
    {Clause::kCpu2, "leaves cr4.PAE set", [](Capture& c) { c.registers["cr4"] = 0x20; }},
    {Clause::kCpu2, "enters in long mode", [](Capture& c) { c.registers["efer"] = 0x500; }},
    {Clause::kCpu3, "gives ds a base", [](Capture& c) { put(c, kGdt + 16 + 2, std::uint8_t{1}); }},
    {Clause::kCpu3, "gives a code segment of 16 bits", [](Capture& c) { put(c, kGdt + 8 + 6, std::uint8_t{0x8f}); }},
    {Clause::kCpu3, "gives a data segment that cannot be written",
     [](Capture& c) { c.segments["ss"] = {0x10, 0, 0xffffffff, 0xc091}; }},
    {Clause::kCpu4, "leaves the task register as at reset",
     [](Capture& c) {
       c.registers["tr"] = 0;
       c.segments["tr"] = {0, 0, 0xffff, 0x8b};
     }},
    {Clause::kCpu5, "enters with interrupts on", [](Capture& c) { c.registers["eflags"] = 0x202; }},

    {Clause::kPlace1, "puts a module over the kernel, which spoils both",
     [](Capture& c) {
       move_module(c, kImage + 0x1f000);
       c.checksums.back().crc32 = 99;
       c.image->zeroed = false;
     }},
    {Clause::kPlace1, "puts a module beyond memory", [](Capture& c) { move_module(c, kMemory); }},
    {Clause::kPlace1, "writes the command line over the module list",
     [](Capture& c) {
       c.asked.command_line.reset();
       // Its last word is zero, and so the string is empty.
       put(c, info(offsetof(hvm_start_info, cmdline_paddr)), module(1, offsetof(hvm_modlist_entry, reserved)));
     }},
    {Clause::kPlace1, "puts a module over the command line",
     [](Capture& c) {
       move_command_line(c, 0x7c00010);
       put_module_over(c, 0x7c00010, std::string(20, '\xff'));
       c.strings.push_back({0x7c00010, 20, false});
     }},
    {Clause::kPlace1, "puts a module over another's command line",
     [](Capture& c) {
       move(c, kModuleCommandLine, 0x7c00010, 14);
       put(c, module(0, offsetof(hvm_modlist_entry, cmdline_paddr)), uint64_t{0x7c00010});
       put_module_over(c, 0x7c00010, "other");
     }},
    {Clause::kPlace1, "puts a module over the XSDT", [](Capture& c) { put_module_over(c, kRoot + 10, "Q"); }},
    {Clause::kPlace2, "cuts a module that does not fit",
     [](Capture& c) {
       c.asked.fits = false;
       put(c, module(1, offsetof(hvm_modlist_entry, size)), uint64_t{0x100});
     }},
    {Clause::kPlace2, "starts a guest that does not fit", [](Capture& c) { c.asked.fits = false; }},
    {Clause::kPlace2, "refuses without a word",
     [](Capture& c) { does_not_fit(c, Outcome::kRefused, ""); }},
    {Clause::kPlace2, "names one thing of the two",
     [](Capture& c) { does_not_fit(c, Outcome::kRefused, "initrd is too large (max: 16777215, need 20971520)"); }},
    {Clause::kPlace2, "does not say what would do",
     [](Capture& c) {
       does_not_fit(c, Outcome::kRefused, "initrd of 20 MiB does not fit beside a kernel of 96 KiB");
     }},
    {Clause::kPlace2, "dies of what does not fit",
     [](Capture& c) { does_not_fit(c, Outcome::kHung, "nothing was printed within 20 s"); }},
    {Clause::kPlace3, "puts a module in the middle of a page", [](Capture& c) { move_module(c, 0x7e00010); }},
    {Clause::kPlace3, "puts a module above 4 GiB",
     [](Capture& c) {
       put(c, entry(4, offsetof(hvm_memmap_table_entry, addr)), uint64_t{4 * kGiB});
       put(c, entry(4, offsetof(hvm_memmap_table_entry, size)), uint64_t{16 * kMiB});
       put(c, entry(4, offsetof(hvm_memmap_table_entry, type)), uint32_t{XEN_HVM_MEMMAP_TYPE_RAM});
       *c.asked.memory += 16 * kMiB;
       c.ram.push_back({4 * kGiB, 16 * kMiB, 64});
       move_module(c, 4 * kGiB);
     }},
});

}  // namespace

std::span<const Plant> plants() {
  return kPlants;
}

}  // namespace pvh::conform::testing
