/* How a kernel in C uses the library; that it compiles is half of the test (c_api_test.cpp runs it). */
#include "pvh/guest.h"

extern uint64_t ram_that_a_c_kernel_finds(const struct pvh_memory* memory, uint64_t paddr,
                                          struct pvh_error* error);
extern int c_kernel_is_quiet(const struct pvh_memory* memory, uint64_t paddr);

uint64_t ram_that_a_c_kernel_finds(const struct pvh_memory* memory, uint64_t paddr, struct pvh_error* error) {
  struct pvh_start start;
  struct pvh_map_range ranges[3 * 16];
  size_t count = 0;
  size_t i;
  uint64_t ram = 0;
  if (pvh_start_parse(&start, memory, paddr, error) != PVH_OK) return 0;
  if (pvh_map_collect(&start, ranges, 16, &count, error) != PVH_OK) return 0;
  if (pvh_map_normalise(ranges, sizeof(ranges) / sizeof(ranges[0]), &count, error) != PVH_OK) return 0;
  for (i = 0; i < count; ++i)
    if (ranges[i].type == XEN_HVM_MEMMAP_TYPE_RAM) ram += ranges[i].last - ranges[i].first + 1;
  return ram;
}

int c_kernel_is_quiet(const struct pvh_memory* memory, uint64_t paddr) {
  struct pvh_start start;
  struct pvh_string line;
  struct pvh_argument argument;
  char text[256];
  if (pvh_start_parse(&start, memory, paddr, NULL) != PVH_OK) return 0;
  if (pvh_start_command_line(&start, PVH_STRING_LIMIT, &line, NULL) != PVH_OK) return 0;
  if (pvh_string_copy(memory, &line, text, sizeof(text), NULL) != PVH_OK) return 0;
  return pvh_find_argument(text, (size_t)line.size, "quiet", 5, &argument);
}
