/* SPDX-License-Identifier: MIT */
/* The smallest useful 32-bit guest: says who it is and what it was handed, and powers off. */
#include "pvh/guest/machine.h"

static char line[65537];

static void print_map(const struct pvh_start* start) {
  struct pvh_map_range range;
  int more = pvh_map_from(start, 0, &range, NULL);
  while (more == PVH_OK) {
    pvh_print("  ");
    pvh_print_hex(range.first);
    pvh_print("-");
    pvh_print_hex(range.last);
    pvh_print(range.type == XEN_HVM_MEMMAP_TYPE_RAM ? " RAM\n" : " not RAM\n");
    more = pvh_map_after(start, &range, &range, NULL);
  }
}

void pvh_main(uint32_t start_info) {
  const struct pvh_memory memory = {pvh_identity_read, NULL};
  struct pvh_start start;
  struct pvh_string text;
  struct pvh_error error;
  uint64_t rsdp = 0;

  pvh_exceptions_init();
  pvh_print("Hello from 32 bits\n");
  if (pvh_start_parse(&start, &memory, start_info, &error) != PVH_OK) {
    pvh_print(error.what);
    pvh_print(" (");
    pvh_print(error.clause);
    pvh_print(")\n");
    pvh_power_off(&memory, 0);
  }
  if (pvh_start_command_line(&start, sizeof(line) - 1, &text, NULL) == PVH_OK &&
      pvh_string_copy(&memory, &text, line, sizeof(line), NULL) == PVH_OK) {
    pvh_print("command line: ");
    pvh_print(line);
    pvh_print("\n");
  }
  pvh_print("modules: ");
  pvh_print_decimal(start.nr_modules);
  pvh_print("\nmemory map:\n");
  print_map(&start);
  pvh_print("Goodbye\n");
  (void)pvh_start_rsdp(&start, &rsdp);
  pvh_power_off(&memory, rsdp);
}
