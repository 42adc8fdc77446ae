/* SPDX-License-Identifier: MIT */
/* Interrupts without end and without sense. The command line says which: `pins` programs every pin of both
 * I/O APICs with every vector, mode, trigger and destination, and ends; `serial`, `self` and `timer` never
 * do; `smi` and `init` send the CPU what takes it away from us. */
#include "hostile.h"

enum { LEVEL = 1 << 15, MASKED = 1 << 16 };
enum { APIC_EOI = 0xb0, APIC_SPURIOUS = 0xf0, APIC_COMMAND = 0x300, APIC_TIMER = 0x320, APIC_COUNT = 0x380 };
enum { SERIAL_PIN = 4, SERIAL_VECTOR = 0x41, ORDINARY = 0x40, PINS = 24 };
enum { MODE_SMI = 2, MODE_INIT = 5 };

struct gate {
  uint16_t offset_low, selector, flags, offset_mid;
  uint32_t offset_high, reserved;
};
static struct gate gates[256];
static volatile uint32_t taken __asm__("taken") __attribute__((used));

/* Takes any interrupt, and leaves its cause as it is. An exception would come back for ever: it ends all. */
__asm__(
    ".text\n"
    "take: pushq %rax\n"
    "incl taken\n"
    "movl $0xfee000b0, %eax\n"
    "movl $0, (%rax)\n"
    "popq %rax\n"
    "iretq\n"
    "give_up: movl $0xfea00200, %eax\n"
    "movb $0x34, (%rax)\n"
    "hlt\n");
extern const char take[], give_up[];

enum { NMI = 2, LAST_EXCEPTION_HERE = 14 };

static void open_gates(void) {
  struct __attribute__((packed)) {
    uint16_t limit;
    uint64_t base;
  } pointer = {sizeof(gates) - 1, (uint64_t)(uintptr_t)gates};
  uint16_t code;
  unsigned i;
  __asm__("movw %%cs, %0" : "=r"(code));
  for (i = 0; i < 256; ++i) {
    const uint64_t to = (uint64_t)(uintptr_t)(i <= LAST_EXCEPTION_HERE && i != NMI ? give_up : take);
    gates[i].offset_low = (uint16_t)to;
    gates[i].selector = code;
    gates[i].flags = 0x8e00;
    gates[i].offset_mid = (uint16_t)(to >> 16);
    gates[i].offset_high = (uint32_t)(to >> 32);
  }
  __asm__ volatile("lidt %0" : : "m"(pointer));
  *register_at(LOCAL_APIC + APIC_SPURIOUS) = 0x1ff;
  __asm__ volatile("sti");
}

static void program(uint32_t chip, unsigned pin, uint32_t low, uint32_t high) {
  *register_at(chip) = 0x11 + 2 * pin;
  *register_at(chip + 0x10) = high;
  *register_at(chip) = 0x10 + 2 * pin;
  *register_at(chip + 0x10) = low;
}

/* The line goes up each time that this is asked for anew. */
static void raise_serial(void) {
  out8(COM1 + 1, 0);
  out8(COM1 + 1, 2);
}

static void every_pin(void) {
  unsigned mode, vector, round = 0;
  for (mode = 0; mode < 8; ++mode) {
    if (mode == MODE_SMI || mode == MODE_INIT) continue;
    for (vector = 0; vector < 256; vector += 5) {
      const uint32_t trigger = round % 3 == 0 ? LEVEL : 0;
      const uint32_t low = vector | mode << 8 | (round % 2) << 11 | (round % 4 / 2) << 13 | trigger;
      const uint32_t high = (round % 5 == 0 ? 0xffu : round % 7) << 24;
      program(IO_APIC, SERIAL_PIN, low, high);
      raise_serial();
      program(IO_APIC, round % PINS, low, high);
      program(SECOND_IO_APIC, round % PINS, low, high);
      *register_at(IO_APIC + 0x40) = vector;
      program(IO_APIC, round % PINS, MASKED, 0);
      program(SECOND_IO_APIC, round % PINS, MASKED, 0);
      ++round;
    }
  }
  program(IO_APIC, SERIAL_PIN, MASKED, 0);
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  open_gates();
  if (hostile_is(&self, "serial")) {
    program(IO_APIC, SERIAL_PIN, SERIAL_VECTOR | LEVEL, 0);
    for (;;) raise_serial();
  } else if (hostile_is(&self, "self")) {
    for (;;) *register_at(LOCAL_APIC + APIC_COMMAND) = ORDINARY | 1 << 18;
  } else if (hostile_is(&self, "timer")) {
    *register_at(LOCAL_APIC + APIC_TIMER) = ORDINARY | 1 << 17;
    *register_at(LOCAL_APIC + APIC_COUNT) = 1;
    for (;;) __asm__ volatile("pause");
  } else if (hostile_is(&self, "smi")) {
    program(IO_APIC, SERIAL_PIN, MODE_SMI << 8, 0);
    for (;;) raise_serial();
  } else if (hostile_is(&self, "init")) {
    program(IO_APIC, SERIAL_PIN, MODE_INIT << 8, 0);
    for (;;) raise_serial();
  } else {
    every_pin();
  }
  __asm__ volatile("cli");
  pvh_print_decimal(taken);
  hostile_survived();
}
