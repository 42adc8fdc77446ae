/* SPDX-License-Identifier: MIT */
/* What the hostile guests share. They are for the monitor's tests: each does what no kernel should, again and
 * again, and a monitor must outlive it. */
#ifndef PVH_KERNELS_HOSTILE_H
#define PVH_KERNELS_HOSTILE_H

#include "../entry/cpu.h"
#include "pvh/guest/machine.h"

enum { COM1 = 0x3f8, RESET_PORT = 0x64, PANIC_PORT = 0x505 };
#define DEVICE_WINDOW 0xfea00000u
#define SLEEP_CONTROL 0xfea00200u
#define RESET_REGISTER 0xfea00202u
#define VIRTIO_WINDOW 0xfeb00000u
#define IO_APIC 0xfec00000u
#define SECOND_IO_APIC 0xfec10000u
#define LOCAL_APIC 0xfee00000u

/* The byte that does no harm at any register that ends a run. */
#define HARMLESS 0x5au

static inline uint32_t in32(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline volatile uint32_t* register_at(uint32_t address) {
  return (volatile uint32_t*)(uintptr_t)address;
}

/* The start of day, taken before anything is broken. */
struct hostile {
  char word[32];    /* the command line: which attack */
  uint64_t ram_end; /* of the RAM below 4 GiB */
};

static inline int hostile_is(const struct hostile* self, const char* word) {
  size_t i = 0;
  while (word[i] != '\0' && self->word[i] == word[i]) ++i;
  return word[i] == self->word[i];
}

/* Power-off, by a line that has been put right again: what is said last shows that the guest came to its end.
 */
static inline void hostile_survived(void) {
  out8(COM1 + 3, 3);
  out8(COM1 + 1, 0);
  out8(COM1 + 2, 7);
  out8(COM1 + 4, 3);
  pvh_print("\nsurvived\n");
  *(volatile uint8_t*)(uintptr_t)SLEEP_CONTROL = 5 << 2 | 1 << 5;
  pvh_halt();
}

static inline struct hostile hostile_start(uint32_t start_info) {
  const struct pvh_memory memory = {pvh_identity_read, NULL};
  struct hostile out = {{0}, 0};
  struct pvh_start start;
  struct pvh_string text;
  struct pvh_map_range range;
  int more;
  if (pvh_start_parse(&start, &memory, start_info, NULL) != PVH_OK) pvh_halt();
  if (pvh_start_command_line(&start, sizeof(out.word) - 1, &text, NULL) == PVH_OK)
    (void)pvh_string_copy(&memory, &text, out.word, sizeof(out.word), NULL);
  for (more = pvh_map_from(&start, 0, &range, NULL); more == PVH_OK;
       more = pvh_map_after(&start, &range, &range, NULL)) {
    if (range.type == XEN_HVM_MEMMAP_TYPE_RAM && range.last < 0x100000000ull) out.ram_end = range.last + 1;
  }
  pvh_print("hostile: ");
  pvh_print(out.word);
  pvh_print("\n");
  return out;
}

#endif
