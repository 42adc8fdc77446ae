// What a producer owes and a tolerant reader does not insist on: reported, never crashed on (CONS-3).
#include "decode.hpp"
#include "pvh/guest/start_info.hpp"

namespace pvh::guest {
namespace {

constexpr uint64_t kFourGiB = uint64_t{1} << 32U;

struct Checker {
  const StartInfo& info;
  StartInfo::VisitFault visit;
  void* context;
  bool good = true;

  void report(const Error& error) {
    good = false;
    visit(context, error);
  }

  /// Something that the start info points to (START-8).
  void place(uint64_t paddr, uint64_t size, bool is_table) {
    if (paddr == 0 || size == 0) return;
    if (is_table && paddr % 8 != 0) report({Clause::kStart8, Fault::kMisaligned, paddr, paddr % 8});
    if (paddr >= kFourGiB || size > kFourGiB - paddr) report({Clause::kStart8, Fault::kTooHigh, paddr, size});
  }

  void string(const Result<String>& string) {
    if (string.is_broken()) report(string.error());
    if (string) place(string->paddr, string->size + 1, false);
  }

  /// A word that shall be zero; a table that cannot be read has been reported for that.
  void reserved(Clause clause, uint64_t paddr, size_t size) {
    const pvh_memory& memory = info.parsed().memory;
    unsigned char bytes[8] = {};
    if (memory.read(memory.context, paddr, bytes, size) && load64(bytes) != 0)
      report({clause, Fault::kReservedNotZero, paddr, load64(bytes)});
  }

  void start_info() {
    const pvh_start& start = info.parsed();
    place(start.paddr, start.version == 0 ? kVersion0Size : sizeof(hvm_start_info), true);
    // parse() drops the count of a table that is not there, so it is read again.
    count_without_table(start.modlist_paddr, offsetof(hvm_start_info, nr_modules), Clause::kStart6);
    if (start.version == 0) return;
    count_without_table(start.memmap_paddr, offsetof(hvm_start_info, memmap_entries), Clause::kMap1);
    reserved(Clause::kMap1, start.paddr + offsetof(hvm_start_info, reserved), 4);
  }

  void count_without_table(uint64_t table, uint64_t offset, Clause clause) {
    const pvh_start& start = info.parsed();
    unsigned char count[4] = {};
    if (table != 0 || !start.memory.read(start.memory.context, start.paddr + offset, count, sizeof(count)))
      return;
    if (load32(count) != 0) report({clause, Fault::kCountWithoutTable, start.paddr + offset, load32(count)});
  }

  void modules() {
    const pvh_start& start = info.parsed();
    place(start.modlist_paddr, uint64_t{start.nr_modules} * sizeof(hvm_modlist_entry), true);
    for (uint32_t i = 0; i < start.nr_modules; ++i) {
      const auto module = info.module(i);
      if (!module) {
        report(module.error());
        if (ends_the_list(module.error())) return;
        continue;
      }
      place(module->paddr, module->size, false);
      string(info.command_line_of(*module));
      reserved(Clause::kStart6,
               start.modlist_paddr + uint64_t{i} * sizeof(hvm_modlist_entry) +
                   offsetof(hvm_modlist_entry, reserved),
               8);
    }
  }

  /// Sorted, disjoint, no entry empty, none past the end (MAP-3).
  void memory_map() {
    const auto map = info.memory_map();
    if (map.is_broken()) report(map.error());
    if (!map) return;
    const uint64_t table = info.parsed().memmap_paddr;
    place(table, uint64_t{map->size()} * sizeof(hvm_memmap_table_entry), true);
    uint64_t last = 0;
    bool some = false;
    for (uint32_t i = 0; i < map->size(); ++i) {
      const uint64_t at = table + uint64_t{i} * sizeof(hvm_memmap_table_entry);
      const auto entry = map->entry(i);
      if (!entry) return report(entry.error());
      if (entry->reserved != 0) report({Clause::kMap1, Fault::kReservedNotZero, at, entry->reserved});
      if (entry->size == 0) {
        report({Clause::kMap3, Fault::kEmptyEntry, at, entry->addr});
        continue;
      }
      if (wraps(entry->addr, entry->size)) report({Clause::kMap3, Fault::kWraps, at, entry->size});
      if (some && entry->addr <= last) report({Clause::kMap3, Fault::kUnsorted, at, entry->addr});
      some = true;
      last = wraps(entry->addr, entry->size) ? UINT64_MAX : entry->addr + (entry->size - 1);
    }
  }

  /// The first version's 20 bytes have the signature and sum up to 0 (START-7).
  void rsdp() {
    const auto root = info.rsdp();
    if (!root) return;
    place(*root, 20, false);
    const pvh_memory& memory = info.parsed().memory;
    unsigned char bytes[20];
    if (wraps(*root, sizeof(bytes)) || !memory.read(memory.context, *root, bytes, sizeof(bytes)))
      return report({Clause::kStart7, Fault::kUnreadable, *root, sizeof(bytes)});
    unsigned char sum = 0;
    for (const unsigned char byte : bytes) sum = static_cast<unsigned char>(sum + byte);
    if (sum != 0 || __builtin_memcmp(bytes, "RSD PTR ", 8) != 0)
      report({Clause::kStart7, Fault::kNotAnRsdp, *root, sum});
  }
};

}  // namespace

bool StartInfo::check(VisitFault visit, void* context) const {
  Checker checker{*this, visit, context};
  checker.start_info();
  checker.string(command_line());
  checker.modules();
  checker.memory_map();
  checker.rsdp();
  return checker.good;
}

}  // namespace pvh::guest
