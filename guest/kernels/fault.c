/* SPDX-License-Identifier: MIT */
/* A guest with a bug: an undefined instruction, after values that the exception printer should show. */
#include "pvh/guest/machine.h"

void pvh_main(uint32_t start_info) {
  (void)start_info;
  pvh_exceptions_init();
  pvh_print("about to fail\n");
  __asm__ volatile("ud2" : : "b"(0x600dcafe), "S"(0x5eed));
}
