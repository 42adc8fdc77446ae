/* SPDX-License-Identifier: MIT */
/*
 * The ELF notes of owner "Xen": how a kernel's file says by which protocol it can be started, and where.
 *
 *      0  +---------------+
 *         | namesz = 4    |   with the NUL
 *      4  +---------------+
 *         | descsz        |   of the descriptor, without padding
 *      8  +---------------+
 *         | type          |   XEN_ELFNOTE_*
 *     12  +---------------+
 *         | 'X' 'e' 'n' 0 |   XEN_ELFNOTE_OWNER, to be compared (NOTE-1)
 *     16  +---------------+
 *         | descriptor    |   a number of 4 or 8 bytes, or a string; padded to 4 bytes (NOTE-3)
 *         +---------------+
 *
 * For direct boot only XEN_ELFNOTE_PHYS32_ENTRY and XEN_ELFNOTE_PHYS32_RELOC count, and both speak of 32-bit
 * physical addresses. The others belong to Xen's paravirtualized protocol or to crash dumps.
 *
 * Constants only, for C, C++ and assembly alike.
 */
#ifndef PVH_ELFNOTE_H
#define PVH_ELFNOTE_H

/* The name that owns these types, and its length with the NUL. Not in the canonical header, which says it in
 * prose. */
#define XEN_ELFNOTE_OWNER "Xen"
#define XEN_ELFNOTE_OWNER_SIZE 4

#define XEN_ELFNOTE_INFO 0  /* string: NAME=VALUE */
#define XEN_ELFNOTE_ENTRY 1 /* number: virtual address of the paravirtualized entry */
#define XEN_ELFNOTE_HYPERCALL_PAGE                                                                          \
  2                                   /* number: virtual address of the page that the host fills with calls \
                                       */
#define XEN_ELFNOTE_VIRT_BASE 3       /* number: virtual address at which the image is mapped; default 0 */
#define XEN_ELFNOTE_PADDR_OFFSET 4    /* number: what is taken off p_paddr; default 0 */
#define XEN_ELFNOTE_XEN_VERSION 5     /* string: the interface that the kernel was written for */
#define XEN_ELFNOTE_GUEST_OS 6        /* string: its name */
#define XEN_ELFNOTE_GUEST_VERSION 7   /* string: its version */
#define XEN_ELFNOTE_LOADER 8          /* string: the kind of loader */
#define XEN_ELFNOTE_PAE_MODE 9        /* string: "yes" or "no" */
#define XEN_ELFNOTE_FEATURES 10       /* string: names joined by '|', '!' before the required ones */
#define XEN_ELFNOTE_BSD_SYMTAB 11     /* string: "yes" where the symbol table shall be loaded too */
#define XEN_ELFNOTE_HV_START_LOW 12   /* number: lowest virtual address that the hypervisor may use */
#define XEN_ELFNOTE_L1_MFN_VALID 13   /* pairs of numbers: mask and value of a valid page table entry */
#define XEN_ELFNOTE_SUSPEND_CANCEL 14 /* number: nonzero where a cancelled suspend is understood */
#define XEN_ELFNOTE_INIT_P2M 15       /* number: virtual address of the first page list */
#define XEN_ELFNOTE_MOD_START_PFN 16  /* number: nonzero where a module may come unmapped, by page number */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* number: bits of the features that the kernel knows */

/*
 * Number, 4 or 8 bytes: physical address of the 32-bit entry point (NOTE-1, NOTE-2). A kernel that has it can
 * be booted directly.
 */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

/*
 * Up to three 32-bit numbers, absent ones from the end: alignment of the start; lowest start; highest address
 * of the last byte. A kernel that has it may be placed elsewhere than linked, within these limits (NOTE-6).
 */
#define XEN_ELFNOTE_PHYS32_RELOC 19

/* The highest number above. */
#define XEN_ELFNOTE_MAX XEN_ELFNOTE_PHYS32_RELOC

/* In the dump that a crashed host leaves: about it, and each processor's registers. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001
#define XEN_ELFNOTE_CRASH_REGS 0x1000002

/* In the dump of a guest. */
#define XEN_ELFNOTE_DUMPCORE_NONE 0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER 0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION 0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif /* PVH_ELFNOTE_H */
