/* SPDX-License-Identifier: MIT */
/* Says something for ever; `polite` waits until the line takes it. */
#include "hostile.h"

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  const int polite = hostile_is(&self, "polite");
  static const char text[] = "The quick brown fox jumps over the lazy dog, and does so again.\n";
  for (;;) {
    const char* at;
    for (at = text; *at != '\0'; ++at) {
      while (polite && (in8(COM1 + 5) & 0x20) == 0) {
      }
      out8(COM1, (uint8_t)*at);
    }
  }
}
