/* SPDX-License-Identifier: MIT */
/* The four functions that compilers call without being asked, for kernels that have none of their own. */
#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* a, const void* b, size_t size);

static void* copy_upwards(void* to, const void* from, size_t size) {
  void* at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
  return to;
}

__attribute__((weak)) void* memcpy(void* restrict to, const void* restrict from, size_t size) {
  return copy_upwards(to, from, size);
}

__attribute__((weak)) void* memmove(void* to, const void* from, size_t size) {
  unsigned char* target = to;
  const unsigned char* source = from;
  /* Not by memcpy, which may be the kernel's own and mind overlaps. */
  if (target <= source) return copy_upwards(to, from, size);
  target += size;
  source += size;
  __asm__ volatile("std; lea -1(%0), %0; lea -1(%1), %1; rep movsb; cld"
                   : "+D"(target), "+S"(source), "+c"(size)
                   :
                   : "memory");
  return to;
}

__attribute__((weak)) void* memset(void* to, int value, size_t size) {
  void* at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return to;
}

__attribute__((weak)) int memcmp(const void* a, const void* b, size_t size) {
  const unsigned char* left = a;
  const unsigned char* right = b;
  for (; size > 0; --size, ++left, ++right)
    if (*left != *right) return *left - *right;
  return 0;
}
