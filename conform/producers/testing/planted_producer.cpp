// A producer that breaks one clause: it understands what `pvh run` does of a conform case, plans as pvh does,
// spoils the plan, and runs it under QEMU. The clause is the value of PLANT; "none" spoils nothing.
#include <elf.h>
#include <fmt/format.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "draft.hpp"
#include "files.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/image/kernel_image.hpp"
#include "pvh/judge/clauses.hpp"
#include "pvh/qemu/qemu.hpp"
#include "raw.hpp"

namespace pvh {
namespace {

using boot::BootPlan;
using boot::Origin;
using boot::Region;
using consumers::Draft;
using runners::read;

constexpr int kRefused = 1;

struct File {
  std::string bytes;
  std::optional<std::string> words = {};
};

std::uint64_t number(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

[[noreturn]] void refuse(std::string_view words) {
  fmt::print(stderr, "planted: {}\n", words);
  std::exit(kRefused);
}

/// "reserved@0x2000000+4K", as the matrix has it.
boot::UserRange reserved_range(std::string_view text) {
  const std::size_t at = text.find("@0x");
  const auto range = GuestRange::from_size(GuestAddress{number(text.substr(at + 3), 16)}, kPageSize);
  return {XEN_HVM_MEMMAP_TYPE_RESERVED, *range};
}

File module_named(const std::string& text) {
  const std::size_t comma = text.find(',');
  File out{.bytes = runners::contents(text.substr(0, comma))};
  if (comma != std::string::npos) out.words = text.substr(comma + 1);
  return out;
}

/// Every region's bytes that are the plan's own.
std::vector<std::byte>* made_bytes(BootPlan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.regions, name, &Region::name);
  if (found == plan.regions.end() || found->content.origin != Origin::kMade) return nullptr;
  return &plan.made.at(found->content.index);
}

void put(std::vector<std::byte>& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes.at(offset + i) = static_cast<std::byte>(value >> 8 * i);
}

bool is_kernel(const Region& region) {
  return region.content.origin == Origin::kKernel || region.content.origin == Origin::kZeros;
}

// ---- how the kernel's file is read ----

std::vector<Elf64_Phdr> note_segments(Bytes file) {
  const auto header = read<Elf64_Ehdr>(file, 0);
  std::vector<Elf64_Phdr> out;
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return out;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_NOTE) out.push_back(segment);
  }
  return out;
}

bool is_entry_note(const image::Note& note) {
  return note.type == 18 && note.owner == "Xen";
}

void refuse_by_note(Clause plant, const image::KernelImage& kernel) {
  const auto segments = note_segments(kernel.elf.bytes);
  const auto note = std::ranges::find_if(kernel.elf.notes, is_entry_note);
  const bool narrow = note->desc.size() == 4;
  const bool aligned =
      std::ranges::any_of(segments, [](const Elf64_Phdr& segment) { return segment.p_align > 4; });
  const bool in_last = segments.size() < 2 || note->offset >= segments.back().p_offset;
  if ((plant == Clause::kNote2 && narrow) || (plant == Clause::kNote3 && aligned) ||
      (plant == Clause::kNote4 && !in_last))
    refuse("there is no entry note");
}

/// The address of a symbol, as the segments are linked physically; 0 where there is none.
std::uint64_t symbol(const image::ElfFile& elf, std::string_view name) {
  const auto header = read<Elf64_Ehdr>(elf.bytes, 0);
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const auto table = read<Elf64_Shdr>(elf.bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (table.sh_type != SHT_SYMTAB) continue;
    const auto names = read<Elf64_Shdr>(elf.bytes, header.e_shoff + table.sh_link * sizeof(Elf64_Shdr));
    for (std::uint64_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      const auto entry = read<Elf64_Sym>(elf.bytes, table.sh_offset + at);
      const auto text = slice(elf.bytes, names.sh_offset + entry.st_name, name.size() + 1);
      if (!text || as_text(*text) != std::string(name) + '\0') continue;
      const auto load = read<Elf64_Phdr>(elf.bytes, header.e_phoff);
      return entry.st_value - load.p_vaddr + load.p_paddr;
    }
  }
  return 0;
}

// ---- what is spoiled in the plan ----

void start_elsewhere(Clause plant, const image::KernelImage& kernel, BootPlan& plan) {
  if (plant == Clause::kNote5) plan.state.eip = 0x100000;  // the probe's e_entry, physically
  if (plant != Clause::kNote1) return;
  const auto first = std::ranges::find(kernel.elf.notes, 18U, &image::Note::type);
  plan.state.eip = read<std::uint32_t>(first->desc, 0);
}

void move_kernel(const image::KernelImage& kernel, BootPlan& plan) {
  constexpr std::uint64_t kDistance = 2 * kMiB;
  if (kernel.relocation) return;
  for (Region& region : plan.regions)
    if (is_kernel(region))
      region.range =
          *GuestRange::from_size(GuestAddress{region.range.start().value() + kDistance}, region.range.size());
  plan.state.eip += kDistance;
}

/// A word of the bss that nothing but the probe's look at it uses.
void dirty_bss(const image::KernelImage& kernel, BootPlan& plan) {
  const std::uint64_t at = symbol(kernel.elf, "untouched");
  for (Region& region : plan.regions) {
    if (at == 0 || !is_kernel(region) || !region.range.contains(GuestAddress{at})) continue;
    std::vector<std::byte> bytes(region.content.bytes.begin(), region.content.bytes.end());
    bytes.resize(region.range.size());
    put(bytes, at - region.range.start().value(), 1, 1);
    plan.made.push_back(std::move(bytes));
    region.content = {.origin = Origin::kMade, .index = plan.made.size() - 1, .bytes = plan.made.back()};
  }
}

void spoil_strings_and_lists(Clause plant, BootPlan& plan) {
  std::vector<std::byte>* const line = made_bytes(plan, "command line");
  if (plant == Clause::kStart5 && line != nullptr && line->size() > 8) put(*line, 8, 0, 1);
  std::vector<std::byte>* const tables = made_bytes(plan, "ACPI tables");
  if (plant == Clause::kStart7 && tables != nullptr) {
    const std::size_t rsdp = as_text(*tables).find("RSD PTR ");
    put(*tables, rsdp + 9, 'Q', 1);
  }
}

void spoil_modules(Clause plant, BootPlan& plan) {
  std::vector<std::byte>* const list = made_bytes(plan, "module list");
  const auto module = std::ranges::find(plan.regions, Origin::kModule,
                                        [](const Region& region) { return region.content.origin; });
  if (list == nullptr || module == plan.regions.end()) return;
  const std::size_t entry = module->content.index * sizeof(hvm_modlist_entry);
  if (plant == Clause::kPlace1) put(*list, entry, 0x101000, 8);
  if (plant != Clause::kPlace3) return;
  const std::uint64_t at = module->range.start().value() - 16;
  module->range = *GuestRange::from_size(GuestAddress{at}, module->range.size());
  put(*list, entry, at, 8);
}

void spoil_cpu(Clause plant, boot::EntryState& state) {
  if (plant == Clause::kCpu1) state.ebx = 0x7000;
  if (plant == Clause::kCpu2) state.cr4 = 0x20;
  if (plant == Clause::kCpu3) state.data.limit = 0x7fffffff;
  if (plant == Clause::kCpu4) state.tr.limit = 0xffff;
  if (plant == Clause::kCpu5) state.eflags |= 0x200;
}

void must(bool done) {
  if (!done) refuse("the plan has no place for this fault");
}

void spoil_start_info(Clause plant, Draft& draft) {
  if (plant == Clause::kStart1) must(draft.set("magic", XEN_HVM_START_MAGIC_VALUE + 1));
  if (plant == Clause::kStart2) must(draft.set("version", 2));
  if (plant == Clause::kStart3) must(draft.set("flags", 2));
  if (plant == Clause::kStart4) must(draft.set("memmap_paddr", 0));
  if (plant == Clause::kStart6) must(draft.set("reserved", 1));
  if (plant == Clause::kStart8)
    must(!draft.place({.what = consumers::What::kTables, .where = consumers::Where::kUnaligned}));
  if (plant == Clause::kMap4) must(draft.set("memmap_entries", draft.get("memmap_entries") & 0xff));
}

void spoil_map(Clause plant, Draft& draft) {
  auto map = draft.map();
  if (plant == Clause::kMap1) map.back().reserved = 7;
  if (plant == Clause::kMap2) map.back().type = 12;
  if (plant == Clause::kMap3) std::ranges::reverse(map);
  if (plant == Clause::kMap5) {
    const auto last =
        std::ranges::find(map.rbegin(), map.rend(), XEN_HVM_MEMMAP_TYPE_RAM, &consumers::RawEntry::type);
    last->size += 16 * kMiB;
  }
  must(draft.set_map(map));
}

BootPlan spoiled(Clause plant, const image::KernelImage& kernel, BootPlan plan) {
  Draft draft(std::move(plan));
  spoil_start_info(plant, draft);
  if (plant >= Clause::kMap1 && plant <= Clause::kMap5 && plant != Clause::kMap4) spoil_map(plant, draft);
  plan = std::move(draft).finish();
  start_elsewhere(plant, kernel, plan);
  if (plant == Clause::kNote6) move_kernel(kernel, plan);
  if (plant == Clause::kNote7) dirty_bss(kernel, plan);
  spoil_strings_and_lists(plant, plan);
  spoil_modules(plant, plan);
  spoil_cpu(plant, plan.state);
  std::ranges::sort(plan.regions, {}, &Region::range);
  return plan;
}

int run_spoiled(Clause plant, std::span<const std::string> words) {
  const std::string kernel_file = runners::contents(words[1]);
  std::vector<File> modules;
  std::vector<boot::UserRange> ranges;
  std::map<std::string, std::string> values;
  bool acpi = true;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--no-acpi")
      acpi = false;
    else if (i + 1 == words.size())
      refuse("no value for " + word);
    else if (word == "--module")
      modules.push_back(module_named(words[++i]));
    else if (word == "--memmap")
      ranges.push_back(reserved_range(words[++i]));
    else
      values[word] = words[++i];
  }

  auto elf = image::read_elf(as_bytes(kernel_file));
  if (!elf || !*elf) refuse("this is no ELF file that anybody could boot");
  const auto kernel = image::kernel_image(std::move(**elf));
  if (!kernel) refuse("no kernel that anybody could boot");
  refuse_by_note(plant, *kernel);

  // Not inside the request's braces, where g++ 14 warns of a Board that it would destroy half made.
  const board::Board board{.cpus = static_cast<std::uint32_t>(number(values["--cpus"])), .acpi = acpi};
  boot::Request request{.kernel = *kernel,
                        .command_line = values["--append"],
                        .memory_size = number(values["-m"]) * kMiB,
                        .board = board,
                        .user_ranges = ranges};
  for (const File& module : modules)
    request.modules.push_back(
        {.name = "file", .bytes = as_bytes(module.bytes), .command_line = module.words});
  auto plan = boot::plan(request);
  if (!plan) {
    if (plant == Clause::kPlace2) refuse("it does not fit");
    refuse("a module of 20 MiB (16 MiB) or a kernel of 1 MiB does not fit the memory: 40 MiB would do");
  }
  const boot::BootPlan wrong = spoiled(plant, *kernel, std::move(*plan));
  const auto outcome = qemu::Start::begin({.binary = values["--qemu"], .cpus = request.board.cpus})
                           .run({.plan = &wrong}, {.timeout = std::chrono::seconds(10)});
  if (!outcome) refuse("QEMU could not be run");
  fmt::print(stderr, "{}\n", outcome->detail);
  return 0;
}

}  // namespace
}  // namespace pvh

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words == std::vector<std::string>{"--version"}) {
    fmt::print("planted\n");
    return 0;
  }
  const char* const plant = std::getenv("PLANT");
  const auto clause = pvh::clause_named(plant != nullptr ? plant : "");
  if (words.size() < 2 || words[0] != "run") pvh::refuse("usage: PLANT=CLAUSE planted_producer run KERNEL …");
  return pvh::run_spoiled(clause.value_or(pvh::Clause::kNone), words);
}
