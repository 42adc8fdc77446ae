/* SPDX-License-Identifier: MIT */
/*
 * The note that makes an ELF file bootable by the direct boot contract (NOTE-1), for C, C++ and GNU assembly:
 *
 *     PVH_ENTRY_NOTE(my_entry);                  C and C++, at file scope
 *     PVH_ENTRY_NOTE my_entry                    assembly
 *
 * and, where the kernel can run from another physical address (NOTE-6), beside it
 *
 *     PVH_RELOCATION_NOTE(0x200000, 0x1000000, 0x3fffffff);      alignment, lowest start, highest last byte
 *     PVH_RELOCATION_NOTE 0x200000, 0x1000000, 0x3fffffff
 *
 * The descriptor of the entry has 4 bytes, as the contract's text says; PVH_ENTRY_NOTE8 makes one of 8, as
 * Linux does. `my_entry` must link to a physical address. A linker script of your own must keep the section
 * .note.Xen in a PT_NOTE.
 */
#ifndef PVH_GUEST_NOTE_H
#define PVH_GUEST_NOTE_H

#include "pvh/elfnote.h"

#ifdef __ASSEMBLER__
/* clang-format off */

.macro PVH_NOTE_HEAD size, type
  .pushsection .note.Xen, "a", @note
  .balign 4
  .long XEN_ELFNOTE_OWNER_SIZE
  .long \size
  .long \type
  .asciz XEN_ELFNOTE_OWNER
.endm

.macro PVH_ENTRY_NOTE symbol
  PVH_NOTE_HEAD 4, XEN_ELFNOTE_PHYS32_ENTRY
  .long \symbol
  .popsection
.endm

.macro PVH_ENTRY_NOTE8 symbol
  PVH_NOTE_HEAD 8, XEN_ELFNOTE_PHYS32_ENTRY
  .long \symbol
  .long 0
  .popsection
.endm

.macro PVH_RELOCATION_NOTE alignment, min, max
  PVH_NOTE_HEAD 12, XEN_ELFNOTE_PHYS32_RELOC
  .long \alignment, \min, \max
  .popsection
.endm

/* clang-format on */
#else

#define PVH_NOTE_TEXT_(x) #x
#define PVH_NOTE_TEXT(x) PVH_NOTE_TEXT_(x)
#define PVH_NOTE_(size, type, body) \
  __asm__(".pushsection .note.Xen, \"a\", @note\n"                                             \
          ".balign 4\n"                                                                        \
          ".long " PVH_NOTE_TEXT(XEN_ELFNOTE_OWNER_SIZE) ", " size ", " PVH_NOTE_TEXT(type) "\n" \
          ".asciz \"" XEN_ELFNOTE_OWNER "\"\n" body "\n.popsection\n")

#define PVH_ENTRY_NOTE(symbol) PVH_NOTE_("4", XEN_ELFNOTE_PHYS32_ENTRY, ".long " #symbol)
#define PVH_ENTRY_NOTE8(symbol) PVH_NOTE_("8", XEN_ELFNOTE_PHYS32_ENTRY, ".long " #symbol ", 0")
#define PVH_RELOCATION_NOTE(alignment, min, max) \
  PVH_NOTE_("12", XEN_ELFNOTE_PHYS32_RELOC, ".long " #alignment ", " #min ", " #max)

#endif

#endif /* PVH_GUEST_NOTE_H */
