/* SPDX-License-Identifier: MIT */
/* An early kernel's exceptions, told instead of suffered in silence. */
#include "cpu.h"
#include "pvh/guest/machine.h"

enum { EXCEPTIONS = 32, STACK_WORDS = 8 };
enum { INTERRUPT_GATE = 0x8e00 };

extern const uintptr_t pvh_exception_stubs[EXCEPTIONS];

#ifdef __x86_64__
#define REGISTERS \
  "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax"
struct gate {
  uint16_t offset_low, selector, flags, offset_mid;
  uint32_t offset_high, reserved;
};
#else
#define REGISTERS "edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax"
struct gate {
  uint16_t offset_low, selector, flags, offset_mid;
};
#endif
static const char* const register_names[] = {REGISTERS};
enum { REGISTER_COUNT = sizeof(register_names) / sizeof(register_names[0]) };

/* As the stubs leave it on the stack, from the top. */
struct frame {
  uintptr_t registers[REGISTER_COUNT];
  uintptr_t number, error, ip, cs, flags;
  uintptr_t sp, ss; /* in 64-bit mode only */
};

static struct gate table[EXCEPTIONS];
static int telling;

void pvh_exception(const struct frame* frame);

static const char* name_of(uintptr_t number) {
  static const char* const names[] = {"divide error",
                                      "debug",
                                      "NMI",
                                      "breakpoint",
                                      "overflow",
                                      "bound range",
                                      "invalid opcode",
                                      "no FPU",
                                      "double fault",
                                      "coprocessor overrun",
                                      "invalid TSS",
                                      "segment not present",
                                      "stack fault",
                                      "general protection",
                                      "page fault",
                                      "reserved",
                                      "x87 error",
                                      "alignment check",
                                      "machine check",
                                      "SIMD error",
                                      "virtualization",
                                      "control protection"};
  return number < sizeof(names) / sizeof(names[0]) ? names[number] : "reserved";
}

static void print_named(const char* name, uintptr_t value) {
  pvh_print(" ");
  pvh_print(name);
  pvh_print("=");
  pvh_print_hex(value);
}

void pvh_exception(const struct frame* frame) {
  uintptr_t cr2, cr3, sp;
  int i;
  /* What goes wrong while we tell is not told. */
  if (telling++) pvh_halt();
  __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
  __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
#ifdef __x86_64__
  sp = frame->sp;
#else
  sp = (uintptr_t)&frame->sp; /* no change of privilege: the stack goes on where the frame ends */
#endif
  pvh_print("\npvh: exception ");
  pvh_print_decimal(frame->number);
  pvh_print(" (");
  pvh_print(name_of(frame->number));
  pvh_print(")\n");
  print_named("ip", frame->ip);
  print_named("error", frame->error);
  print_named("cs", frame->cs);
  print_named("flags", frame->flags);
  print_named("sp", sp);
  print_named("cr2", cr2);
  print_named("cr3", cr3);
  for (i = REGISTER_COUNT - 1; i >= 0; --i) {
    if ((REGISTER_COUNT - 1 - i) % 6 == 0) pvh_print("\n");
    print_named(register_names[i], frame->registers[i]);
  }
  pvh_print("\n stack:");
  for (i = 0; i < STACK_WORDS; ++i) {
    pvh_print(" ");
    pvh_print_hex(((const uintptr_t*)sp)[i]);
  }
  pvh_print("\n");
  pvh_halt();
}

void pvh_exceptions_init(void) {
  struct {
    uint16_t limit;
    uintptr_t base;
  } __attribute__((packed)) pointer = {sizeof(table) - 1, (uintptr_t)table};
  uint16_t cs;
  int i;
  __asm__ volatile("mov %%cs, %0" : "=r"(cs));
  for (i = 0; i < EXCEPTIONS; ++i) {
    const uintptr_t stub = pvh_exception_stubs[i];
    table[i].offset_low = (uint16_t)stub;
    table[i].offset_mid = (uint16_t)(stub >> 16);
    table[i].selector = cs;
    table[i].flags = INTERRUPT_GATE;
#ifdef __x86_64__
    table[i].offset_high = (uint32_t)(stub >> 32);
    table[i].reserved = 0;
#endif
  }
  __asm__ volatile("lidt %0" : : "m"(pointer));
}
