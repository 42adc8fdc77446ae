/* SPDX-License-Identifier: MIT */
/* A number in decimal, on i386 too, which has no 64-bit division without a library. */
#ifndef PVH_ENTRY_DECIMAL_H
#define PVH_ENTRY_DECIMAL_H

#include <stdint.h>

/* The first digit; the last lies at text[19]. */
static inline char* pvh_decimal(uint64_t value, char text[20]) {
  char* at = text + 20;
  uint32_t high = (uint32_t)(value >> 32);
  uint32_t low = (uint32_t)value;
  while (high != 0) {
    /* By halves of 32 bits: what the upper one leaves is less than 10, so that the lower quotient fits. */
    uint32_t digit = high % 10;
    high /= 10;
    __asm__("divl %2" : "+a"(low), "+d"(digit) : "r"(10u) : "cc");
    *--at = (char)('0' + digit);
  }
  do {
    *--at = (char)('0' + low % 10);
    low /= 10;
  } while (low != 0);
  return at;
}

#endif
