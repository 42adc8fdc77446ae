// Says how much RAM there is, and powers off.
#include <pvh/guest/machine.h>
#include <pvh/guest/start_info.hpp>

using namespace pvh::guest;

extern "C" void pvh_main(uint32_t start_info) {
  constexpr Memory kMemory{pvh_identity_read, nullptr};
  pvh_exceptions_init();
  const auto info = StartInfo::parse(kMemory, start_info);
  const auto map = info ? info->memory_map() : Absent{};
  if (!map) {
    pvh_print("no memory map\n");
    pvh_power_off(&kMemory, 0);
  }

  uint64_t ram = 0;
  for (auto range = map->from(0); range; range = map->after(*range))
    if (range->type == XEN_HVM_MEMMAP_TYPE_RAM) ram += size_of(*range);
  pvh_print("Hello, RAM: ");
  pvh_print_decimal(ram / 1024);
  pvh_print(" KiB\n");
  pvh_power_off(&kMemory, info->rsdp() ? *info->rsdp() : 0);
}
