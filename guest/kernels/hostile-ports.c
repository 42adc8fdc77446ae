/* SPDX-License-Identifier: MIT */
/* Reads and writes every port: 1, 2 and 4 bytes wide, and many times in one instruction, also from and to
 * where there is no memory. `quick`: above port 0x800 less of it. */
#include "hostile.h"

static uint8_t bytes[4096];

/* What the reads gave goes nowhere, but the compiler must not know. */
static void each_width(uint16_t port, uint32_t value) {
  (void)in8(port);
  (void)in16(port);
  (void)in32(port);
  out8(port, (uint8_t)value);
  out16(port, (uint16_t)value);
  out32(port, value);
}

/* Each instruction, COUNT times, at `at`. */
static void strings(uint16_t port, void* at, unsigned count) {
  void* to = at;
  const void* from = at;
  unsigned left = count;
#define STRING_IN(instruction) \
  to = at, left = count;       \
  __asm__ volatile("rep " instruction : "+D"(to), "+c"(left) : "d"(port) : "memory")
#define STRING_OUT(instruction) \
  from = at, left = count;      \
  __asm__ volatile("rep " instruction : "+S"(from), "+c"(left) : "d"(port) : "memory")
  STRING_OUT("outsb");
  STRING_OUT("outsw");
  STRING_OUT("outsl");
  STRING_IN("insb");
  STRING_IN("insw");
  STRING_IN("insl");
}

static void fill(size_t count) {
  size_t i;
  for (i = 0; i < count; ++i) bytes[i] = HARMLESS;
}

void pvh_main(uint32_t start_info) {
  static const uint16_t busy[] = {COM1, COM1 + 1, COM1 + 2, COM1 + 4, COM1 + 5, COM1 + 7, 0x70,
                                  0x71, 0x80,     0xf4,     0xcf8,    0xcfc,    0x600};
  const struct hostile self = hostile_start(start_info);
  const int quick = hostile_is(&self, "quick");
  uint32_t port;
  size_t i;
  for (port = 0; port <= 0xffff; ++port) {
    each_width((uint16_t)port, HARMLESS * 0x01010101u);
    if (port == RESET_PORT || port == PANIC_PORT) continue;
    if (quick && port >= 0x800 && port % 256 != 0) continue;
    each_width((uint16_t)port, 0xffffffff);
    fill(12);
    strings((uint16_t)port, bytes, 3);
  }
  for (i = 0; i < sizeof(busy) / sizeof(busy[0]); ++i) {
    fill(sizeof(bytes));
    strings(busy[i], bytes, sizeof(bytes) / 16);
    strings(busy[i], (void*)(uintptr_t)(self.ram_end - 5), 8);
    strings(busy[i], (void*)(uintptr_t)(self.ram_end + 0x100000), 8);
    strings(busy[i], (void*)(uintptr_t)(VIRTIO_WINDOW + 0xffd), 8);
  }
  hostile_survived();
}
