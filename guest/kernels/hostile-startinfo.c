/* SPDX-License-Identifier: MIT */
/* Overwrites all that the monitor put into memory, the start info and ACPI's tables first, and rewrites its
 * page tables under its own feet. `reserved` and `loop` leave tables that no CPU can follow; without a word
 * it ends. */
#include "hostile.h"

#define PRESENT_WRITABLE 3ull
#define LARGE_PAGE 0x83ull

extern uint64_t pvh_page_map[512], pvh_directory_pointers[512];

static uint64_t directory[512] __attribute__((aligned(4096)));

static void forget_translations(void) {
  __asm__ volatile("movq %%cr3, %%rax; movq %%rax, %%cr3" : : : "rax", "memory");
}

static void overwrite(uint64_t start, uint64_t end) {
  volatile uint64_t* at = (volatile uint64_t*)(uintptr_t)start;
  for (; at < (volatile uint64_t*)(uintptr_t)end; ++at) *at = 0x5a5a5a5a5a5a5a5aull;
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  unsigned round;
  overwrite(start_info & ~0xfffu, (start_info & ~0xfffu) + 0x1000);
  overwrite(0x1000, 0xa0000);
  overwrite(0xe0000, 0x100000);
  for (round = 0; round < 512; ++round) {
    /* The fifth GiB is whatever it is: RAM, holes, devices, and memory that no machine has. */
    directory[round] = (round * 0x2e7654321ull & 0xffffffe00000ull) | LARGE_PAGE;
    pvh_directory_pointers[4] = (uint64_t)(uintptr_t)directory | PRESENT_WRITABLE;
    forget_translations();
    (void)*(volatile uint32_t*)(uintptr_t)(0x100000000ull + round * 0x200000ull);
    /* And itself: the map of maps is a page like any other. */
    pvh_page_map[1] = (uint64_t)(uintptr_t)pvh_page_map | PRESENT_WRITABLE;
    forget_translations();
    (void)*(volatile uint64_t*)(uintptr_t)(1ull << 39 | 1ull << 30);
    pvh_page_map[1] = 0;
  }
  if (hostile_is(&self, "reserved")) {
    pvh_directory_pointers[4] = ~0ull;
    forget_translations();
    (void)*(volatile uint32_t*)(uintptr_t)0x100000000ull;
  }
  if (hostile_is(&self, "loop")) {
    /* Tables in a hole, for all that comes. */
    __asm__ volatile("movq %0, %%cr3" : : "r"(self.ram_end + 0x10000000) : "memory");
  }
  hostile_survived();
}
