#include "pvh/consumers/variants.hpp"

#include <fmt/format.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <array>

namespace pvh::consumers {
namespace {

using conform::Severity;

constexpr std::uint32_t kRam = XEN_HVM_MEMMAP_TYPE_RAM;
constexpr std::uint32_t kReserved = XEN_HVM_MEMMAP_TYPE_RESERVED;
constexpr std::uint32_t kPmem = XEN_HVM_MEMMAP_TYPE_PMEM;
constexpr std::uint32_t kUnknownType = 20;
constexpr std::uint32_t kHighUnknownType = 0xfffffff0;

/// Nobody lies there: neither a kernel at its usual place nor what a planner puts at memory's ends.
constexpr std::uint64_t kMiddle = 256 * kMiB;

/// Where nothing can be read.
constexpr std::uint64_t kNowhere = 0xfffffffffffff000;

constexpr boot::OpenRegisters kGarbage{.eax = 0x2badb002,  // as other protocols leave it
                                       .ecx = 0xdeadbeef,
                                       .edx = 0xfffffff0,
                                       .esp = 0xfffffffc,
                                       .ebp = 0x00000003,
                                       .esi = 0xcafef00d,
                                       .edi = 0x80000001};

const std::vector<Variant>& list() {
  // A kernel that learns of its memory from nowhere else may stop without a map, saying so: a "should".
  static const std::vector<Variant> kList{
      {"plain", Clause::kStart1, Severity::kMust, "what pvh hands over by itself", {}},
      {"wrong-magic",
       Clause::kCons1,
       Severity::kMust,
       "no start info, by its magic",
       {Member{"magic", 0x336ec579}},
       {},
       Owed::kStop},
      {"version-0", Clause::kStart2, Severity::kShould, "version 0, which has no map", {Version{0}}},
      {"version-0-garbage",
       Clause::kCons1,
       Severity::kMust,
       "version 0, with garbage where version 1 has its map",
       {Version{0}, Member{"memmap_paddr", kNowhere}, Member{"memmap_entries", 0x7fffffff},
        Member{"reserved", 0xa5a5a5a5}},
       "version-0"},
      {"version-2",
       Clause::kStart2,
       Severity::kMust,
       "a later version, which is backwards compatible",
       {Member{"version", 2}}},
      {"flags-unknown",
       Clause::kStart3,
       Severity::kMust,
       "a flag that nobody has defined yet",
       {Member{"flags", 0x80000000}}},
      {"reserved-garbage",
       Clause::kCons3,
       Severity::kShould,
       "garbage in the reserved words, as qboot leaves it",
       {ModulesOf{2, true}, ReservedWords{0xa5a5a5a5}}},

      {"no-map",
       Clause::kMap1,
       Severity::kShould,
       "no memory map",
       {Member{"memmap_entries", 0}, Member{"memmap_paddr", 0}}},
      {"no-map-address",
       Clause::kMap1,
       Severity::kMust,
       "no entries, and an address that is not to be read",
       {Member{"memmap_entries", 0}, Member{"memmap_paddr", kNowhere}},
       "no-map"},
      {"map-unsorted", Clause::kMap3, Severity::kMust, "the map's last entry first", {MapTurnedRound{}}},
      {"map-overlapping",
       Clause::kMap3,
       Severity::kMust,
       "reserved memory inside RAM, listed before it and behind it",
       {Ranges{kReserved, kMiddle, 16 * kMiB}, EntryAdded{true, kMiddle - 8 * kMiB, 12 * kMiB, kReserved},
        EntryAdded{false, kMiddle - 4 * kMiB, 32 * kMiB, kRam}}},
      {"map-adjacent", Clause::kMap3, Severity::kMust, "RAM in seven entries that touch", {RamCut{7}}},
      {"map-empty-entries",
       Clause::kMap3,
       Severity::kMust,
       "entries of size 0: RAM first, type 0 at the end",
       {EntryAdded{true, kMiddle, 0, kRam}, EntryAdded{false, 0, 0, 0}}},
      {"map-unknown-types",
       Clause::kMap2,
       Severity::kMust,
       "types 20 and 0xfffffff0 in the midst of RAM",
       {Ranges{kUnknownType, kMiddle, 16 * kMiB}, Ranges{kHighUnknownType, kMiddle + 32 * kMiB, 16 * kMiB}}},
      {"map-holes",
       Clause::kMap2,
       Severity::kMust,
       "three holes in RAM that nothing lists",
       {Ranges{kHole, kMiddle, 4 * kMiB, 16 * kMiB, 3}}},
      {"map-pmem",
       Clause::kMap2,
       Severity::kMust,
       "persistent memory in the midst of RAM",
       {Ranges{kPmem, kMiddle, 32 * kMiB}}},
      {"map-wraps",
       Clause::kCons2,
       Severity::kMust,
       "RAM that passes 2^64, at the end of the map",
       {EntryAdded{false, 0xfffffffff0000000, 0x20000000, kRam}}},
      {"ram-above-4g",
       Clause::kMap5,
       Severity::kMust,
       "256 MiB for the kernel, all other RAM above 4 GiB",
       {Memory{4 * kGiB}, Ranges{kReserved, kMiddle, 3 * kGiB - kMiddle}}},
      {"map-129",
       Clause::kMap4,
       Severity::kMust,
       "129 entries, one more than a table of 128 holds",
       {Ranges{kReserved, 128 * kMiB, kPageSize, 256 * kKiB, 61}, RamCut{2}}},
      {"map-300",
       Clause::kMap4,
       Severity::kMust,
       "300 entries, more than eight bits count",
       {Ranges{kReserved, 128 * kMiB, kPageSize, 256 * kKiB, 147}}},
      {"map-1000",
       Clause::kMap4,
       Severity::kMust,
       "a thousand entries",
       {Ranges{kReserved, 128 * kMiB, kPageSize, 256 * kKiB, 497}}},

      {"command-line-none",
       Clause::kStart4,
       Severity::kMust,
       "no command line: address 0",
       {NoCommandLine{}}},
      {"command-line-empty", Clause::kStart5, Severity::kMust, "an empty command line", {CommandLineOf{0}}},
      {"command-line-4k",
       Clause::kStart5,
       Severity::kMust,
       "a command line of 4,096 bytes",
       {CommandLineOf{4096}}},
      {"command-line-64k",
       Clause::kStart5,
       Severity::kMust,
       "a command line of 65,536 bytes",
       {CommandLineOf{65536}}},
      {"modules-0", Clause::kStart6, Severity::kMust, "no module", {ModulesOf{0, false}}},
      {"modules-1", Clause::kStart6, Severity::kMust, "one module", {ModulesOf{1, false}}},
      {"modules-1-words",
       Clause::kStart6,
       Severity::kMust,
       "one module, with a command line",
       {ModulesOf{1, true}}},
      {"modules-3", Clause::kStart6, Severity::kMust, "three modules", {ModulesOf{3, false}}},
      {"modules-3-words",
       Clause::kStart6,
       Severity::kMust,
       "three modules, each with a command line",
       {ModulesOf{3, true}}},
      {"no-rsdp", Clause::kStart7, Severity::kMust, "no ACPI, so no RSDP", {NoAcpi{}}},

      {"start-info-unaligned",
       Clause::kCons3,
       Severity::kMust,
       "the start info at an odd address",
       {Placed{What::kStartInfo, Where::kUnaligned}}},
      {"tables-unaligned",
       Clause::kCons3,
       Severity::kMust,
       "module list and map at odd addresses",
       {ModulesOf{2, true}, Placed{What::kTables, Where::kUnaligned}}},
      {"tables-behind-kernel",
       Clause::kCons4,
       Severity::kMust,
       "lists and strings in the page behind the kernel, as Xen has them",
       {ModulesOf{2, true}, Placed{What::kTables, Where::kBehindKernel}}},
      {"start-info-last-page",
       Clause::kStart8,
       Severity::kMust,
       "the start info in the last bytes below 1 GiB",
       {Memory{kGiB + 64 * kMiB}, Placed{What::kStartInfo, Where::kBefore, kGiB}}},
      {"start-info-above-1g",
       Clause::kStart8,
       Severity::kMust,
       "the start info at 1.5 GiB",
       {Memory{2 * kGiB}, Placed{What::kStartInfo, Where::kFrom, 3 * kGiB / 2}}},
      {"tables-above-1g",
       Clause::kStart8,
       Severity::kMust,
       "start info, lists and strings at 1.5 GiB",
       {Memory{2 * kGiB}, ModulesOf{2, true}, Placed{What::kAll, Where::kFrom, 3 * kGiB / 2}}},

      {"selectors",
       Clause::kCpu3,
       Severity::kMust,
       "other selectors: 0x28, 0x30 and 0x38",
       {Selectors{0x28, 0x30, 0x38}}},
      {"registers",
       Clause::kCpu6,
       Severity::kMust,
       "garbage in every register that is open",
       {Registers{kGarbage}}},
      {"relocated",
       Clause::kNote6,
       Severity::kMust,
       "the kernel 64 MiB higher, by its note 19",
       {MovedBy{64 * kMiB}}},
  };
  return kList;
}

std::string size_text(std::uint64_t size) {
  if (size % kMiB == 0 && size != 0) return fmt::format("{} MiB", size / kMiB);
  if (size % kKiB == 0 && size != 0) return fmt::format("{} KiB", size / kKiB);
  return fmt::format("{} bytes", size);
}

std::string type_text(std::uint32_t type) {
  return type == kHole ? "listed nowhere" : fmt::format("of type {:#x}", type);
}

std::string_view what_text(What what) {
  switch (what) {
    case What::kStartInfo:
      return "the start info";
    case What::kTables:
      return "lists and strings";
    case What::kAll:
      return "start info, lists and strings";
  }
  return "";
}

struct InWords {
  std::string operator()(const Version& c) const { return fmt::format("version {}", c.number); }
  std::string operator()(const NoAcpi&) const { return "no ACPI"; }
  std::string operator()(const Memory& c) const { return fmt::format("{} of RAM", size_text(c.size)); }
  std::string operator()(const CommandLineOf& c) const {
    return fmt::format("the command line {} bytes long", c.length);
  }
  std::string operator()(const ModulesOf& c) const {
    return fmt::format("{} modules{}", c.count, c.own_command_lines ? " with command lines" : "");
  }
  std::string operator()(const Ranges& c) const {
    return fmt::format("{} times {} at {:#x} {}", c.count, size_text(c.size), c.at, type_text(c.type));
  }
  std::string operator()(const MovedBy& c) const {
    return fmt::format("the kernel {} higher", size_text(c.distance));
  }
  std::string operator()(const NoCommandLine&) const { return "no command line"; }
  std::string operator()(const Member& c) const { return fmt::format("{} {:#x}", c.name, c.value); }
  std::string operator()(const MapTurnedRound&) const { return "the map's last entry first"; }
  std::string operator()(const EntryAdded& c) const {
    return fmt::format("{} entry of {} at {:#x} {}", c.first ? "a first" : "a last", size_text(c.size), c.at,
                       type_text(c.type));
  }
  std::string operator()(const RamCut& c) const {
    return fmt::format("the largest RAM entry in {}", c.pieces);
  }
  std::string operator()(const ReservedWords& c) const {
    return fmt::format("reserved words {:#x}", c.value);
  }
  std::string operator()(const Placed& c) const {
    switch (c.where) {
      case Where::kUnaligned:
        return fmt::format("{} at odd addresses", what_text(c.what));
      case Where::kBefore:
        return fmt::format("{} right before {:#x}", what_text(c.what), c.at);
      case Where::kFrom:
        return fmt::format("{} from {:#x}", what_text(c.what), c.at);
      case Where::kBehindKernel:
        return fmt::format("{} behind the kernel", what_text(c.what));
    }
    return "";
  }
  std::string operator()(const Selectors& c) const {
    return fmt::format("cs {:#x}, ds {:#x}, tr {:#x}", c.cs, c.data, c.tr);
  }
  std::string operator()(const Registers& c) const {
    return fmt::format("eax {:#x}, ecx {:#x}, edx {:#x}, esp {:#x}, ebp {:#x}, esi {:#x}, edi {:#x}",
                       c.values.eax, c.values.ecx, c.values.edx, c.values.esp, c.values.ebp, c.values.esi,
                       c.values.edi);
  }
};

}  // namespace

std::span<const Variant> variants() {
  return list();
}

const Variant* variant_named(std::string_view name) {
  const auto found = std::ranges::find(variants(), name, &Variant::name);
  return found == variants().end() ? nullptr : &*found;
}

std::string describe(const Variant& variant) {
  std::string out;
  for (const Change& change : variant.changes) {
    if (!out.empty()) out += "; ";
    out += std::visit(InWords{}, change);
  }
  return out;
}

}  // namespace pvh::consumers
