/* SPDX-License-Identifier: MIT */
/*
 * What a kernel is handed when it is started by direct boot: the start info, and the two tables that it
 * points to.
 *
 * Names, numbers and layout are those of the public ABI, so that code written for its canonical header
 * compiles against this one. How a processor tells the kernel where the start info lies, and how a kernel
 * says that it can be started so, differ between architectures and are not here; for the latter see
 * pvh/elfnote.h.
 *
 * Plain C89 and C++98 (HDR-1): no packing, attributes, bit-fields or pointers. An assembler that runs the C
 * preprocessor gets the constants.
 *
 * Every integer is little-endian, whatever the machine (HDR-5): on a big-endian one, swap what you read.
 * Every address is a guest-physical one, and 0 means "not present" (START-4).
 */
#ifndef PVH_START_INFO_H
#define PVH_START_INFO_H

/*
 * struct hvm_start_info: 56 bytes (START-1 to START-8)
 *
 *         0               4               8
 *      0  +---------------+---------------+
 *         | magic         | version       |   0x336ec578; 0 or 1, higher ones stay compatible
 *      8  +---------------+---------------+
 *         | flags         | nr_modules    |   SIF_*; how many entries the module list has
 *     16  +---------------+---------------+
 *         | modlist_paddr                 |   an array of struct hvm_modlist_entry
 *     24  +-------------------------------+
 *         | cmdline_paddr                 |   a NUL-terminated string
 *     32  +-------------------------------+
 *         | rsdp_paddr                    |   the root of the ACPI tables
 *     40  +-------------------------------+ - - from here: only where version >= 1 (START-2)
 *         | memmap_paddr                  |   an array of struct hvm_memmap_table_entry
 *     48  +---------------+---------------+
 *         | memmap_entries| reserved      |   how many it has, 0: there is no map; reserved is zero
 *     56  +---------------+---------------+
 *
 * struct hvm_modlist_entry: 32 bytes (START-6)
 *
 *      0  +-------------------------------+
 *         | paddr                         |   the module's first byte
 *      8  +-------------------------------+
 *         | size                          |   in bytes
 *     16  +-------------------------------+
 *         | cmdline_paddr                 |   a NUL-terminated string of its own
 *     24  +-------------------------------+
 *         | reserved                      |   zero
 *     32  +-------------------------------+
 *
 * struct hvm_memmap_table_entry: 24 bytes (MAP-1 to MAP-3)
 *
 *      0  +-------------------------------+
 *         | addr                          |   the range's first byte
 *      8  +-------------------------------+
 *         | size                          |   in bytes
 *     16  +---------------+---------------+
 *         | type          | reserved      |   XEN_HVM_MEMMAP_TYPE_*; zero
 *     24  +---------------+---------------+
 *
 * Each member lies at a multiple of its own size and each structure is a multiple of 8 bytes long, so nothing
 * is ever misaligned in an array, and no compiler puts padding anywhere, on any architecture (HDR-2).
 */

/* hvm_start_info.magic (START-1) */
#define XEN_HVM_START_MAGIC_VALUE 0x336ec578

/* clang-format off */
/*
 * hvm_start_info.flags (START-3). Zero for an ordinary guest; a kernel ignores bits that it does not know.
 * The spelling is the canonical one to the token, so that both definitions can meet in one file.
 */
#define SIF_PRIVILEGED (1<<0)      /* the guest may control the host's hardware */
#define SIF_INITDOMAIN (1<<1)      /* it is the first guest of its host */
#define SIF_MULTIBOOT_MOD (1<<2)   /* its module came as a multiboot module */
#define SIF_MOD_START_PFN (1<<3)   /* its module's address is a page number */
#define SIF_VIRT_P2M_4TOOLS (1<<4) /* the host's tools understand a linear page list */
#define SIF_PM_MASK (0xFF<<8)      /* power management: bits 8 to 15 belong to it */
/* clang-format on */

/*
 * hvm_memmap_table_entry.type (MAP-2): a name space of this ABI's own (HDR-4), which can grow. A type that a
 * kernel does not know is not RAM.
 *
 * These seven happen to have the numbers that firmware memory maps of one old kind (e820) and ACPI's address
 * range types use for the same things. Nothing says that the next one will: convert, do not copy.
 */
#define XEN_HVM_MEMMAP_TYPE_RAM 1
#define XEN_HVM_MEMMAP_TYPE_RESERVED 2
#define XEN_HVM_MEMMAP_TYPE_ACPI 3     /* ACPI tables; RAM once they have been read */
#define XEN_HVM_MEMMAP_TYPE_NVS 4      /* the firmware's own, kept across sleep */
#define XEN_HVM_MEMMAP_TYPE_UNUSABLE 5 /* memory with errors */
#define XEN_HVM_MEMMAP_TYPE_DISABLED 6 /* memory that is switched off */
#define XEN_HVM_MEMMAP_TYPE_PMEM 7     /* memory that keeps its contents without power */

#if !defined(__ASSEMBLER__) && !defined(__ASSEMBLY__)

#include <stddef.h>
#include <stdint.h>

struct hvm_start_info {
  uint32_t magic;          /*  0 */
  uint32_t version;        /*  4 */
  uint32_t flags;          /*  8 */
  uint32_t nr_modules;     /* 12 */
  uint64_t modlist_paddr;  /* 16 */
  uint64_t cmdline_paddr;  /* 24 */
  uint64_t rsdp_paddr;     /* 32 */
  uint64_t memmap_paddr;   /* 40, version >= 1 */
  uint32_t memmap_entries; /* 48, version >= 1 */
  uint32_t reserved;       /* 52, version >= 1 */
};

struct hvm_modlist_entry {
  uint64_t paddr;         /*  0 */
  uint64_t size;          /*  8 */
  uint64_t cmdline_paddr; /* 16 */
  uint64_t reserved;      /* 24 */
};

struct hvm_memmap_table_entry {
  uint64_t addr;     /*  0 */
  uint64_t size;     /*  8 */
  uint32_t type;     /* 16 */
  uint32_t reserved; /* 20 */
};

/*
 * The layout above, pinned: an array of negative length where one does not hold (HDR-2). A member is at its
 * offset and as wide as the diagram says; that the widths add up to the size leaves no room for padding.
 */
#ifdef __cplusplus
#define PVH_PIN_NOWHERE(type) static_cast<struct type*>(0)
#else
#define PVH_PIN_NOWHERE(type) ((struct type*)0)
#endif
#define PVH_PIN_SIZE(type, bytes) typedef char pvh_pin_size_of_##type[sizeof(struct type) == (bytes) ? 1 : -1]
#define PVH_PIN(type, member, offset, bytes)                                                            \
  typedef char pvh_pin_offset_of_##type##_##member[offsetof(struct type, member) == (offset) ? 1 : -1]; \
  typedef char pvh_pin_width_of_##type##_##member[sizeof(PVH_PIN_NOWHERE(type)->member) == (bytes) ? 1 : -1]

PVH_PIN_SIZE(hvm_start_info, 56);
PVH_PIN(hvm_start_info, magic, 0, 4);
PVH_PIN(hvm_start_info, version, 4, 4);
PVH_PIN(hvm_start_info, flags, 8, 4);
PVH_PIN(hvm_start_info, nr_modules, 12, 4);
PVH_PIN(hvm_start_info, modlist_paddr, 16, 8);
PVH_PIN(hvm_start_info, cmdline_paddr, 24, 8);
PVH_PIN(hvm_start_info, rsdp_paddr, 32, 8);
PVH_PIN(hvm_start_info, memmap_paddr, 40, 8);
PVH_PIN(hvm_start_info, memmap_entries, 48, 4);
PVH_PIN(hvm_start_info, reserved, 52, 4);

PVH_PIN_SIZE(hvm_modlist_entry, 32);
PVH_PIN(hvm_modlist_entry, paddr, 0, 8);
PVH_PIN(hvm_modlist_entry, size, 8, 8);
PVH_PIN(hvm_modlist_entry, cmdline_paddr, 16, 8);
PVH_PIN(hvm_modlist_entry, reserved, 24, 8);

PVH_PIN_SIZE(hvm_memmap_table_entry, 24);
PVH_PIN(hvm_memmap_table_entry, addr, 0, 8);
PVH_PIN(hvm_memmap_table_entry, size, 8, 8);
PVH_PIN(hvm_memmap_table_entry, type, 16, 4);
PVH_PIN(hvm_memmap_table_entry, reserved, 20, 4);

#undef PVH_PIN
#undef PVH_PIN_SIZE
#undef PVH_PIN_NOWHERE

#endif /* not an assembler */

#endif /* PVH_START_INFO_H */
