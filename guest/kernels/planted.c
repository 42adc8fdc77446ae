/* SPDX-License-Identifier: MIT */
/* A bad consumer as a kernel: PLANT is the clause that it breaks (planted_consumer.h). */
#include "planted_consumer.h"
#include "pvh/guest/machine.h"

extern char pvh_image_end[];

static struct hvm_start_info kept;

void pvh_main(uint32_t start_info) {
  const struct pvh_memory memory = {pvh_identity_read, NULL};
  (void)pvh_identity_read(NULL, start_info, &kept, sizeof(kept));
  planted_consumer(&memory, start_info, PLANT, ((uint64_t)(uintptr_t)pvh_image_end + 4095) & ~(uint64_t)4095);
  pvh_power_off(&memory, kept.magic == XEN_HVM_START_MAGIC_VALUE ? kept.rsdp_paddr : 0);
}
