/* SPDX-License-Identifier: MIT */
/*
 * What entry.S saves of the CPU before anything has changed it. One table for C and assembly: offset, and
 * what lies there.
 */
#ifndef PVH_PROBE_STATE_H
#define PVH_PROBE_STATE_H

#define STATE_EAX 0
#define STATE_EBX 4
#define STATE_ECX 8
#define STATE_EDX 12
#define STATE_ESI 16
#define STATE_EDI 20
#define STATE_EBP 24
#define STATE_ESP 28
#define STATE_EFLAGS 32
#define STATE_CR0 36
#define STATE_CR2 40
#define STATE_CR3 44
#define STATE_CR4 48
#define STATE_CS 52 /* selectors, 4 bytes each */
#define STATE_DS 56
#define STATE_ES 60
#define STATE_SS 64
#define STATE_FS 68
#define STATE_GS 72
#define STATE_LDTR 76
#define STATE_TR 80
#define STATE_GDTR 84 /* 2 bytes of limit, 4 of base */
#define STATE_IDTR 92
#define STATE_DR2 100
#define STATE_DR3 104
#define STATE_DR6 108
#define STATE_DR7 112
#define STATE_EFER 116      /* low half; the high one is reserved */
#define STATE_APIC_BASE 120 /* both halves */
#define STATE_FLOAT_STATUS 128
#define STATE_FLOAT_CONTROL 132
#define STATE_IMAGE 136 /* physical address of the image's first byte */
#define STATE_ENTRY 140 /* offset in the image of the first instruction that ran */
#define STATE_SIZE 144

/* Offset in the image of an entry that only another owner's note names. */
#define PROBE_FOREIGN_ENTRY 8

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct state {
  uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp, eflags, cr0, cr2, cr3, cr4;
  uint32_t cs, ds, es, ss, fs, gs, ldtr, tr;
  uint16_t gdtr[4], idtr[4];
  uint32_t dr2, dr3, dr6, dr7, efer, apic_base[2], float_status, float_control, image, entry;
};

_Static_assert(sizeof(struct state) == STATE_SIZE, "as entry.S fills it");
_Static_assert(offsetof(struct state, cs) == STATE_CS, "as entry.S fills it");
_Static_assert(offsetof(struct state, gdtr) == STATE_GDTR, "as entry.S fills it");
_Static_assert(offsetof(struct state, idtr) == STATE_IDTR, "as entry.S fills it");
_Static_assert(offsetof(struct state, dr2) == STATE_DR2, "as entry.S fills it");
_Static_assert(offsetof(struct state, apic_base) == STATE_APIC_BASE, "as entry.S fills it");
_Static_assert(offsetof(struct state, image) == STATE_IMAGE, "as entry.S fills it");
_Static_assert(offsetof(struct state, entry) == STATE_ENTRY, "as entry.S fills it");
#endif

#endif
