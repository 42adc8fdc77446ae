/* SPDX-License-Identifier: MIT */
/* The instructions that C has no words for. Private to this folder and to kernels/. */
#ifndef PVH_ENTRY_CPU_H
#define PVH_ENTRY_CPU_H

#include <stddef.h>
#include <stdint.h>

static inline void out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out16(uint16_t port, uint16_t value) {
  __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void out32(uint16_t port, uint32_t value) {
  __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
/* All bytes in one instruction. */
static inline void out8s(uint16_t port, const char* bytes, size_t size) {
  __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(size) : "d"(port) : "memory");
}

static inline uint8_t in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline uint16_t in16(uint16_t port) {
  uint16_t value;
  __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

struct cpuid {
  uint32_t eax, ebx, ecx, edx;
};
static inline struct cpuid cpuid(uint32_t leaf) {
  struct cpuid r;
  __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
  return r;
}

/* The time-stamp counter: 1 to 5 ticks a nanosecond. */
static inline uint64_t ticks(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}

/* Lets that many pass, in reads of the port that nobody serves: each gives whoever emulates it a chance. */
static inline void pass(uint64_t count) {
  const uint64_t start = ticks();
  while (ticks() - start < count) (void)in8(0x80);
}

static inline void full_barrier(void) {
  __asm__ volatile("lock; orl $0, (%0)" : : "r"(__builtin_frame_address(0)) : "memory");
}

#endif
