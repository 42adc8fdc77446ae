// The smallest useful 64-bit guest in C++: says who it is and what it was handed, and powers off.
#include "pvh/guest/machine.h"
#include "pvh/guest/start_info.hpp"

namespace {

using pvh::guest::MapRange;
using pvh::guest::Memory;
using pvh::guest::StartInfo;

constexpr Memory kMemory{pvh_identity_read, nullptr};
char line[65537];

void print_map(const StartInfo& start) {
  const auto map = start.memory_map();
  if (!map) return pvh_print("no memory map\n");
  for (auto range = map->from(0); range; range = map->after(*range)) {
    pvh_print("  ");
    pvh_print_hex(range->first);
    pvh_print("-");
    pvh_print_hex(range->last);
    pvh_print(range->type == XEN_HVM_MEMMAP_TYPE_RAM ? " RAM\n" : " not RAM\n");
  }
}

}  // namespace

extern "C" void pvh_main(uint32_t start_info) {
  pvh_exceptions_init();
  pvh_print("Hello from 64 bits\n");
  const auto start = StartInfo::parse(kMemory, start_info);
  if (!start) {
    pvh_print(pvh::guest::fault_text(start.error().fault));
    pvh_print(" (");
    pvh_print(pvh::guest::clause_id(start.error().clause));
    pvh_print(")\n");
    pvh_power_off(&kMemory, 0);
  }
  const auto text = start->command_line(sizeof(line) - 1);
  if (text && pvh::guest::copy_string(kMemory, *text, line, sizeof(line))) {
    pvh_print("command line: ");
    pvh_print(line);
    pvh_print("\n");
  }
  pvh_print("modules: ");
  pvh_print_decimal(start->module_count());
  pvh_print("\nmemory map:\n");
  print_map(*start);
  pvh_print("Goodbye\n");
  const auto rsdp = start->rsdp();
  pvh_power_off(&kMemory, rsdp ? *rsdp : 0);
}
