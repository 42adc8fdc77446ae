/* SPDX-License-Identifier: MIT */
/* A number in decimal, on i386 too, which has no 64-bit division without a library. */
#ifndef PVH_ENTRY_DECIMAL_H
#define PVH_ENTRY_DECIMAL_H

#include <stdint.h>

/* The first digit; the last lies at text[19]. */
static inline char* pvh_decimal(uint64_t value, char text[20]) {
  char* at = text + 20;
  do {
    const uint32_t high = (uint32_t)(value >> 32);
    const uint64_t rest = ((uint64_t)(high % 10) << 32) | (uint32_t)value;
    uint32_t quotient = 0;
    uint32_t digit = 0;
    int bit;
    /* By halves of 32 bits: the upper one leaves `rest`, which is divided bit by bit. */
    for (bit = 35; bit >= 0; --bit) {
      digit = digit << 1 | (uint32_t)(rest >> bit & 1);
      quotient <<= 1;
      if (digit >= 10) {
        digit -= 10;
        quotient |= 1;
      }
    }
    *--at = (char)('0' + digit);
    value = (uint64_t)(high / 10) << 32 | quotient;
  } while (value != 0);
  return at;
}

#endif
