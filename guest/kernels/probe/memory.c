/* SPDX-License-Identifier: MIT */
/* Physical memory as the probe reaches it: below 4 GiB as mapped, above it through a window of 2 MiB. */
#include "memory.h"

#include "cpu.h"
#include "physical.h"

#define FOUR_GIB 0x100000000ull
#define WINDOW_SIZE 0x200000u

#ifdef __x86_64__

extern uint64_t probe_window[512]; /* entry.S: the page directory of the fifth GiB */

enum { WRITABLE_LARGE = 0x83 };

/* Asked once: under a hypervisor each cpuid costs microseconds. */
static uint64_t address_limit(void) {
  static uint64_t limit;
  if (limit == 0) {
    const uint32_t width = cpuid(0x80000000).eax >= 0x80000008 ? cpuid(0x80000008).eax & 0xff : 36;
    limit = 1ull << (width > 52 ? 52 : width);
  }
  return limit;
}

static unsigned char* look_at(uint64_t paddr) {
  static uint64_t looking_at;
  const uint64_t page = paddr & ~((uint64_t)WINDOW_SIZE - 1);
  if (paddr < FOUR_GIB) return pvh_physical(paddr);
  if (page != looking_at) {
    probe_window[0] = page | WRITABLE_LARGE;
    __asm__ volatile("invlpg (%0)" : : "r"(FOUR_GIB) : "memory");
    looking_at = page;
  }
  return (unsigned char*)(FOUR_GIB + (paddr - page));
}

#else

static uint64_t address_limit(void) {
  return FOUR_GIB;
}

static unsigned char* look_at(uint64_t paddr) {
  return pvh_physical(paddr);
}

#endif

/* By words: a CPU that is interpreted takes as long for eight bytes as for one. */
static void copy(unsigned char* to, const unsigned char* from, size_t size) {
  size_t words = size / sizeof(uintptr_t);
  size_t rest = size % sizeof(uintptr_t);
#ifdef __x86_64__
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
#else
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
#endif
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

int probe_read(void* context, uint64_t paddr, void* out, size_t size) {
  const uint64_t limit = address_limit();
  unsigned char* to = out;
  (void)context;
  if (paddr >= limit || size > limit - paddr) return 0;
  while (size > 0) {
    /* Never across a window's end. */
    const size_t left = WINDOW_SIZE - (size_t)(paddr & (WINDOW_SIZE - 1));
    const size_t now = size < left ? size : left;
    copy(to, look_at(paddr), now);
    to += now;
    paddr += now;
    size -= now;
  }
  return 1;
}

void probe_write(uint64_t paddr, uint64_t value) {
  const unsigned char* bytes = (const unsigned char*)&value;
  size_t size = sizeof(value);
  while (size > 0) {
    const size_t left = WINDOW_SIZE - (size_t)(paddr & (WINDOW_SIZE - 1));
    const size_t now = size < left ? size : left;
    copy(look_at(paddr), bytes, now);
    bytes += now;
    paddr += now;
    size -= now;
  }
}
