/* SPDX-License-Identifier: MIT */
/* The way out of a machine. Reads ACPI's tables as anybody's bytes: bounded, and through the caller's
 * accessor. */
#include "cpu.h"
#include "physical.h"
#include "pvh/guest/machine.h"

enum { DEBUG_EXIT_PORT = 0xf4 };
enum { SPACE_MEMORY = 0, SPACE_PORT = 1 };
enum { FADT_HARDWARE_REDUCED = 1 << 20 };
/* Offsets in the FADT. */
enum {
  FADT_DSDT = 40,
  FADT_PM1A_CONTROL = 64,
  FADT_PM1B_CONTROL = 68,
  FADT_FLAGS = 112,
  FADT_X_DSDT = 140,
  FADT_SLEEP_CONTROL = 244
};
#define MAPPED_END 0x100000000ull /* by both entries */
enum { TABLE_HEADER = 36, MOST_TABLES = 64, MOST_BYTES = 1 << 20 };

/*
 * A machine may take a moment to go off, and runs on meanwhile: half a second of real hardware, and longer
 * where QEMU's main thread waits for a processor. What the kernel does then may be taken for the way in which
 * it ended.
 */
#define MOMENT ((uint64_t)1 << 33) /* ticks: 2 to 9 s */

static int read_at(const struct pvh_memory* memory, uint64_t paddr, void* out, size_t size) {
  return paddr <= UINT64_MAX - size && memory->read(memory->context, paddr, out, size);
}

/* x86 is little-endian, and so are the tables. */
static uint64_t field(const struct pvh_memory* memory, uint64_t paddr, size_t size) {
  uint64_t value = 0;
  return read_at(memory, paddr, &value, size) ? value : 0;
}

/* The table of that signature under the root, or 0. */
static uint64_t find_table(const struct pvh_memory* memory, uint64_t rsdp, uint32_t signature) {
  const unsigned revision = (unsigned)field(memory, rsdp + 15, 1);
  const uint64_t xsdt = revision >= 2 ? field(memory, rsdp + 24, 8) : 0;
  const uint64_t root = xsdt != 0 ? xsdt : field(memory, rsdp + 16, 4);
  const size_t width = xsdt != 0 ? 8 : 4;
  const uint64_t length = field(memory, root + 4, 4);
  uint64_t at;
  if (root == 0) return 0;
  for (at = TABLE_HEADER; at + width <= length && at < TABLE_HEADER + MOST_TABLES * width; at += width) {
    const uint64_t table = field(memory, root + at, width);
    if (table != 0 && field(memory, table, 4) == signature) return table;
  }
  return 0;
}

/* The sleep type of \_S5: Name(_S5_, Package(…) {first, …}), found by its bytes. -1 where there is none. */
static int sleep_type_off(const struct pvh_memory* memory, uint64_t dsdt) {
  const uint64_t length = field(memory, dsdt + 4, 4);
  uint64_t at;
  for (at = TABLE_HEADER; at + 9 < length && at < MOST_BYTES; ++at) {
    unsigned lead;
    uint64_t element;
    if (field(memory, dsdt + at, 4) != 0x5f35535f) continue; /* "_S5_" */
    if (field(memory, dsdt + at + 4, 1) != 0x12) continue;   /* PackageOp */
    lead = (unsigned)field(memory, dsdt + at + 5, 1);
    element = at + 5 + 1 + (lead >> 6) + 1; /* the length's other bytes, the number of elements */
    switch (field(memory, dsdt + element, 1)) {
      case 0x00:
        return 0;
      case 0x01:
        return 1;
      case 0x0a:
        return (int)(field(memory, dsdt + element + 1, 1) & 7);
    }
    return -1;
  }
  return -1;
}

/* Each says whether it wrote anything that may take the machine off. */
static int write_sleep_control(const struct pvh_memory* memory, uint64_t fadt, int type) {
  const uint64_t address = field(memory, fadt + FADT_SLEEP_CONTROL + 4, 8);
  const uint8_t value = (uint8_t)(type << 2 | 1 << 5);
  const uint64_t space = field(memory, fadt + FADT_SLEEP_CONTROL, 1);
  if (address != 0 && space == SPACE_PORT)
    out8((uint16_t)address, value);
  else if (address != 0 && space == SPACE_MEMORY && address < MAPPED_END)
    *(volatile uint8_t*)pvh_physical(address) = value;
  else
    return 0;
  return 1;
}

static int write_pm1_control(const struct pvh_memory* memory, uint64_t fadt, int type) {
  const uint16_t a = (uint16_t)field(memory, fadt + FADT_PM1A_CONTROL, 4);
  const uint16_t b = (uint16_t)field(memory, fadt + FADT_PM1B_CONTROL, 4);
  const uint16_t value = (uint16_t)(type << 10 | 1 << 13);
  if (a != 0) out16(a, (uint16_t)((in16(a) & ~(7u << 10)) | value));
  if (b != 0) out16(b, (uint16_t)((in16(b) & ~(7u << 10)) | value));
  return a != 0 || b != 0;
}

void pvh_acpi_power_off(const struct pvh_memory* memory, uint64_t rsdp) {
  const uint64_t fadt = rsdp != 0 ? find_table(memory, rsdp, 0x50434146 /* FACP */) : 0;
  uint64_t length, dsdt;
  int type, wrote = 0;
  if (fadt == 0) return;
  length = field(memory, fadt + 4, 4);
  dsdt = length >= FADT_X_DSDT + 8 ? field(memory, fadt + FADT_X_DSDT, 8) : 0;
  if (dsdt == 0) dsdt = field(memory, fadt + FADT_DSDT, 4);
  type = dsdt != 0 ? sleep_type_off(memory, dsdt) : -1;
  if (type < 0) return;

  /* A table may have both ways; the one that the flag does not name is tried second. */
  if (length >= FADT_SLEEP_CONTROL + 12) wrote = write_sleep_control(memory, fadt, type);
  if ((field(memory, fadt + FADT_FLAGS, 4) & FADT_HARDWARE_REDUCED) == 0)
    wrote |= write_pm1_control(memory, fadt, type);
  if (wrote) pass(MOMENT);
}

void pvh_debug_exit(uint8_t code) {
  out32(DEBUG_EXIT_PORT, code);
}

void pvh_power_off(const struct pvh_memory* memory, uint64_t rsdp) {
  pvh_xen_shutdown(0);
  if (memory) pvh_acpi_power_off(memory, rsdp);
  pvh_debug_exit(0);
  pvh_halt();
}

void pvh_halt(void) {
  for (;;) __asm__ volatile("cli; hlt");
}
