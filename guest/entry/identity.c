/* SPDX-License-Identifier: MIT */
/* Memory as the entries map it: each physical address below 4 GiB at itself, and in 64-bit mode more where
 * asked. */
#include "physical.h"
#include "pvh/guest/machine.h"

#define FOUR_GIB 0x100000000ull

#ifndef __x86_64__

int pvh_identity_read(void* context, uint64_t paddr, void* out, size_t size) {
  (void)context;
  if (paddr >= FOUR_GIB || size > FOUR_GIB - paddr) return 0;
  __builtin_memcpy(out, pvh_physical(paddr), size);
  return 1;
}

#else

extern uint64_t pvh_page_map[512];           /* entry64.S: the root, and */
extern uint64_t pvh_directory_pointers[512]; /* what its first entry names */

enum { PRESENT_WRITABLE = 3, LARGE_PAGE = 0x83, ENTRIES = 512, TABLE_SIZE = 4096 };
#define GIB (1ull << 30)
#define MOST (1ull << 46)

static uint64_t mapped_end = FOUR_GIB;

int pvh_identity_read(void* context, uint64_t paddr, void* out, size_t size) {
  (void)context;
  if (paddr >= mapped_end || size > mapped_end - paddr) return 0;
  __builtin_memcpy(out, pvh_physical(paddr), size);
  return 1;
}

static uint64_t* take_table(unsigned char** storage, size_t* left) {
  uint64_t* table = (uint64_t*)(void*)*storage;
  unsigned i;
  *storage += TABLE_SIZE;
  *left -= TABLE_SIZE;
  for (i = 0; i < ENTRIES; ++i) table[i] = 0;
  return table;
}

int pvh_map_identity(uint64_t end, void* storage, size_t storage_size) {
  const uint64_t from = mapped_end / GIB;
  const uint64_t to = (end + GIB - 1) / GIB;
  unsigned char* free_pages = storage;
  uint64_t gib;
  if (end > MOST || (uintptr_t)storage % TABLE_SIZE != 0) return 0;
  if (to <= from) return 1;
  if (storage_size / TABLE_SIZE < to - from + ((to - 1) / ENTRIES - (from - 1) / ENTRIES)) return 0;
  for (gib = from; gib < to; ++gib) {
    uint64_t* pointers = pvh_directory_pointers;
    uint64_t* directory;
    unsigned i;
    if (gib >= ENTRIES) {
      uint64_t* root = &pvh_page_map[gib / ENTRIES];
      if (*root == 0) *root = (uintptr_t)take_table(&free_pages, &storage_size) | PRESENT_WRITABLE;
      pointers = (uint64_t*)(uintptr_t)(*root & ~0xfffull);
    }
    directory = take_table(&free_pages, &storage_size);
    for (i = 0; i < ENTRIES; ++i) directory[i] = (gib * GIB + i * 0x200000ull) | LARGE_PAGE;
    pointers[gib % ENTRIES] = (uintptr_t)directory | PRESENT_WRITABLE;
  }
  mapped_end = to * GIB;
  return 1;
}

#endif
