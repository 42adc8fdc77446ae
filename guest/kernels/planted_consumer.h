/* SPDX-License-Identifier: MIT */
/* A consumer that keeps the contract but for one clause, where one is planted. The suite must tell which.
 *
 * The same source runs on the host, over the memory of a plan, and as a kernel (guest/kernels/planted.c).
 */
#ifndef PVH_CONSUMERS_PLANTED_H
#define PVH_CONSUMERS_PLANTED_H

#include "pvh/guest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Says what hello says, by pvh_print and its like. `plant` is a clause's id, or "" for none; `heap` is where
 * it would begin to use memory without a look at what lies there. */
void planted_consumer(const struct pvh_memory* memory, uint32_t start_info, const char* plant, uint64_t heap);

#ifdef __cplusplus
}
#endif

#endif
