/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "decimal.h"
#include "pvh/guest/machine.h"

/*
 * Written in pieces as large as can be: under Xen each piece wakes a process of another domain, which takes
 * 150 of them a second and then sleeps.
 */
static char piece[1024];
static size_t filled;
static uint64_t parts;

static void flush(void) {
  pvh_write(piece, filled);
  filled = 0;
}

static inline void put(char c) {
  piece[filled++] = c;
  if (filled == sizeof(piece)) flush();
}

static void print(const char* text) {
  while (*text != 0) put(*text++);
}

static void key_of(const char* key) {
  print(",\"");
  print(key);
  print("\":");
}

uint64_t json_parts(void) {
  return parts;
}

void json_begin(const char* part) {
  ++parts;
  print("{\"pvh_probe\":1");
  json_text("part", part);
}

void json_number(const char* key, uint64_t value) {
  char text[20];
  const char* digit;
  key_of(key);
  for (digit = pvh_decimal(value, text); digit < text + sizeof(text); ++digit) put(*digit);
}

void json_bool(const char* key, int value) {
  key_of(key);
  print(value ? "true" : "false");
}

void json_text(const char* key, const char* value) {
  key_of(key);
  print("\"");
  print(value);
  print("\"");
}

/* Two digits of each byte: one look-up and one store for most of what is ever printed. */
static uint16_t pairs[256];

static void make_pairs(void) {
  static const char kDigits[] = "0123456789abcdef";
  unsigned i;
  for (i = 0; i < 256; ++i) pairs[i] = (uint16_t)(kDigits[i >> 4] | kDigits[i & 15] << 8);
}

void json_hex(const char* key, const unsigned char* bytes, size_t size) {
  const unsigned char* const end = bytes + size;
  if (pairs[0] == 0) make_pairs();
  key_of(key);
  print("\"");
  while (bytes < end) {
    const size_t room = (sizeof(piece) - filled) / 2;
    const size_t left = (size_t)(end - bytes);
    const unsigned char* const until = bytes + (left < room ? left : room);
    char* to = piece + filled;
    for (; bytes < until; ++bytes, to += 2) __builtin_memcpy(to, &pairs[*bytes], 2);
    filled = (size_t)(to - piece);
    if (filled + 2 > sizeof(piece)) flush();
  }
  print("\"");
}

void json_end(void) {
  print("}\n");
  flush();
}
