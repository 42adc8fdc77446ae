/* SPDX-License-Identifier: MIT */
/* Reads and writes where devices and nothing are: 1, 2, 4 and 8 bytes wide, unaligned, across pages, across
 * the end of RAM, locked, and by string instructions. */
#include "hostile.h"

#define GIB 0x40000000ull

static uint8_t tables[8 * 4096] __attribute__((aligned(4096)));
static uint8_t bytes[64];

/* Registers where a write is no test but an order: it would stop this CPU. */
static int gives_orders(uint64_t address) {
  return address + 8 > LOCAL_APIC + 0x300 && address < LOCAL_APIC + 0x304;
}

#define ACCESS(type, address)                                                   \
  do {                                                                          \
    volatile type* at = (volatile type*)(uintptr_t)(address);                   \
    (void)*at;                                                                  \
    if (!gives_orders(address)) *at = (type)(HARMLESS * 0x0101010101010101ull); \
  } while (0)

static void each_width(uint64_t address) {
  ACCESS(uint8_t, address);
  ACCESS(uint16_t, address);
  ACCESS(uint32_t, address);
  ACCESS(uint64_t, address);
}

static void locked(uint64_t address) {
  uint32_t value = HARMLESS;
  __asm__ volatile("lock xaddl %0, (%1)" : "+r"(value) : "r"(address) : "memory");
  __asm__ volatile("xchgl %0, (%1)" : "+r"(value) : "r"(address) : "memory");
  __asm__ volatile("lock andl $0x5a5a5a5a, (%0)" : : "r"(address) : "memory");
}

static void strings(uint64_t address) {
  void* to = bytes;
  const void* from = (const void*)(uintptr_t)address;
  uint64_t count = 8;
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  to = (void*)(uintptr_t)address;
  count = 8;
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0x5a5a5a5a) : "memory");
  to = (void*)(uintptr_t)address;
  from = (const void*)(uintptr_t)(address + 64);
  count = 4;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

/* All of a range, in steps. */
static void sweep(uint64_t start, uint64_t size, uint64_t step) {
  uint64_t offset;
  for (offset = 0; offset < size; offset += step) each_width(start + offset);
}

/* Pages of the window: their beginning, their middle, across their end. */
static void pages(uint64_t start, uint64_t end, uint64_t step) {
  static const uint16_t offsets[] = {0, 3, 0x10, 0x201, 0x7fe, 0xff9, 0xffc, 0xffd, 0xfff};
  uint64_t page;
  size_t i;
  for (page = start; page < end; page += step) {
    for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); ++i) {
      if (page + offsets[i] + 8 <= end) each_width(page + offsets[i]);
    }
  }
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  const int quick = hostile_is(&self, "quick");
  uint64_t address;
  unsigned round;
  if (!pvh_map_identity(8 * GIB, tables, sizeof(tables))) pvh_halt();
  sweep(DEVICE_WINDOW, 0x400, 1);
  sweep(VIRTIO_WINDOW, 0x3000, quick ? 5 : 1);
  for (round = 0; round < 256; ++round) { /* behind the window of the I/O APICs: each register */
    *register_at(IO_APIC) = round;
    sweep(IO_APIC + 0x10, 4, 4);
    *register_at(SECOND_IO_APIC) = round;
    sweep(SECOND_IO_APIC + 0x10, 4, 4);
  }
  sweep(IO_APIC, 0x60, 1);
  sweep(SECOND_IO_APIC, 0x60, 1);
  sweep(LOCAL_APIC, 0x400, 1);
  pages(DEVICE_WINDOW, 0x100000000ull, quick ? 0x7000 : 0x1000);
  /* Between RAM and the window, and above 4 GiB, where this guest has nothing. */
  for (address = self.ram_end + 0x100000; address < DEVICE_WINDOW; address += 0x1001003) each_width(address);
  for (address = 4 * GIB; address < 8 * GIB - 16; address += 0x2003001) each_width(address);
  for (address = self.ram_end - 8; address < self.ram_end + 8; ++address) each_width(address);
  each_width(4 * GIB - 8);
  each_width(4 * GIB - 3);
  for (address = 0xa0000; address < 0x100000; address += 0x1ff) each_width(address);
  locked(self.ram_end + 0x1000);
  locked(VIRTIO_WINDOW + 0x104);
  locked(IO_APIC + 0x10);
  strings(self.ram_end - 8);
  strings(VIRTIO_WINDOW + 0xff8);
  strings(IO_APIC + 0x10);
  strings(DEVICE_WINDOW);
  hostile_survived();
}
