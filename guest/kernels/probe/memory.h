/* SPDX-License-Identifier: MIT */
/* Physical memory as the probe reaches it. */
#ifndef PVH_PROBE_MEMORY_H
#define PVH_PROBE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* For struct pvh_memory: any physical address that the CPU can form. Where nothing lies, ones are read. */
int probe_read(void* context, uint64_t paddr, void* out, size_t size);

/* Eight bytes, where reading would succeed. */
void probe_write(uint64_t paddr, uint64_t value);

#endif
