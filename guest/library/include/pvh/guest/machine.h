/* SPDX-License-Identifier: MIT */
/*
 * What a small x86 kernel wants on its first day, to be linked or left: entries, output, a way out, and an
 * exception handler that speaks. Nothing here is used by the start-info reader, and each part only by whom
 * calls it.
 *
 * An entry: link with `-e pvh_entry32` (ELF32) or `-e pvh_entry64` (ELF64) and the installed kernel.ld, and
 * write
 *
 *     void pvh_main(uint32_t start_info);     extern "C" in C++
 *
 * It runs on a stack of its own (64 KiB), interrupts off, flat segments, bss zero; on pvh_entry64 in long
 * mode with SSE on and the first 4 GiB mapped to themselves. Constructors have run. Where it returns, the CPU
 * halts for good.
 */
#ifndef PVH_GUEST_MACHINE_H
#define PVH_GUEST_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "pvh/guest.h"

#ifdef __cplusplus
extern "C" {
#endif

void pvh_main(uint32_t start_info);

/* Reads what the entries map: physical addresses below 4 GiB. For struct pvh_memory. */
int pvh_identity_read(void* context, uint64_t paddr, void* out, size_t size);

#ifdef __x86_64__
/*
 * Maps the range [0, end) to itself, from 4 GiB on in pages of 2 MiB, with page tables from `storage`: 4
 * KiB-aligned, below 4 GiB, 4 KiB for each GiB above the fourth and 4 KiB more for each 512 GiB begun above
 * the first. 0 where `storage_size` is too small, or `end` above 2^46; nothing is changed then.
 */
int pvh_map_identity(uint64_t end, void* storage, size_t storage_size);
#endif

/* ---- Output. Every device that is there gets every byte. ---- */

enum pvh_console {
  PVH_CONSOLE_COM1 = 1, /* 0x3f8, where a register there keeps what is written */
  PVH_CONSOLE_E9 = 2,   /* port 0xe9: where it reads back 0xe9 (QEMU, Bochs), and under Xen */
  PVH_CONSOLE_XEN = 4   /* Xen's console ring, where Xen says that there is one */
};

/* Looks for them, once; gives a set of enum pvh_console. Called by the first output where nobody has before.
 */
unsigned pvh_console_init(void);
/* Uses only those of `set` from now on. */
void pvh_console_select(unsigned set);
/* To each of them. Waits for COM1 or Xen's console where its reader is stopped, 140 s at most: from then on
 * what it does not take is lost, until it takes something again. */
void pvh_write(const char* text, size_t size);
void pvh_print(const char* text);
void pvh_print_hex(uint64_t value);
void pvh_print_decimal(uint64_t value);

/* ---- The way out. Each returns only where it could not. ---- */

/*
 * ACPI soft-off by the tables under `rsdp`: the sleep control register or the PM1 control registers, with the
 * sleep type of \_S5, for which the DSDT is searched (no AML is run).
 * What it wrote gets up to 9 s to work.
 */
void pvh_acpi_power_off(const struct pvh_memory* memory, uint64_t rsdp);
/* QEMU's isa-debug-exit at its usual port 0xf4: QEMU's exit status becomes code * 2 + 1. */
void pvh_debug_exit(uint8_t code);
/* Xen's shutdown hypercall: 0 power-off, 1 reboot, 3 crash. Nothing where there is no Xen. */
void pvh_xen_shutdown(unsigned reason);
/* By whatever works: Xen, ACPI, isa-debug-exit; else halts. `rsdp` 0: no ACPI. */
void pvh_power_off(const struct pvh_memory* memory, uint64_t rsdp);
/* Interrupts off, for ever. */
void pvh_halt(void) __attribute__((noreturn));

/* Nonzero under Xen. */
int pvh_on_xen(void);

/* ---- Exceptions ---- */

/* An interrupt table whose 32 exceptions print their name, the registers and the top of the stack, and halt.
 */
void pvh_exceptions_init(void);

#ifdef __cplusplus
}
#endif

#endif /* PVH_GUEST_MACHINE_H */
