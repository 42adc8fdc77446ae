/* SPDX-License-Identifier: MIT */
/* Says one byte, and waits for nothing: a guest to have many of. */
#include "pvh/guest/machine.h"

void pvh_main(uint32_t start_info) {
  (void)start_info;
  pvh_print(".");
  pvh_halt();
}
