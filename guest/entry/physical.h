/* SPDX-License-Identifier: MIT */
/* From a physical address to a pointer. Private to this folder and to kernels/. */
#ifndef PVH_ENTRY_PHYSICAL_H
#define PVH_ENTRY_PHYSICAL_H

#include <stdint.h>

/* Where pointer 0 lies: not 0 only in a relocated 32-bit kernel whose segments start where it was put. */
extern uintptr_t pvh_physical_base;

static inline void* pvh_physical(uint64_t paddr) {
  return (void*)((uintptr_t)paddr - pvh_physical_base);
}

#endif
