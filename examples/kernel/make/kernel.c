/* Says how much RAM there is, and powers off. */
#include <pvh/guest/machine.h>

void pvh_main(uint32_t start_info) {
  const struct pvh_memory memory = {pvh_identity_read, NULL};
  struct pvh_start start;
  struct pvh_map_range range;
  uint64_t ram = 0;
  uint64_t rsdp = 0;
  int found;

  pvh_exceptions_init();
  if (pvh_start_parse(&start, &memory, start_info, NULL) != PVH_OK) {
    pvh_print("no start info\n");
    pvh_power_off(&memory, 0);
  }
  for (found = pvh_map_from(&start, 0, &range, NULL); found == PVH_OK;
       found = pvh_map_after(&start, &range, &range, NULL))
    if (range.type == XEN_HVM_MEMMAP_TYPE_RAM) ram += range.last - range.first + 1;
  pvh_print("Hello, RAM: ");
  pvh_print_decimal(ram / 1024);
  pvh_print(" KiB\n");
  (void)pvh_start_rsdp(&start, &rsdp);
  pvh_power_off(&memory, rsdp);
}
