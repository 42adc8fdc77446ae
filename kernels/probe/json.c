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

static void flush(void) {
  pvh_write(piece, filled);
  filled = 0;
}

static void put(char c) {
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

void json_begin(const char* part) {
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

void json_hex(const char* key, const unsigned char* bytes, size_t size) {
  size_t i;
  key_of(key);
  print("\"");
  for (i = 0; i < size; ++i) {
    put("0123456789abcdef"[bytes[i] >> 4]);
    put("0123456789abcdef"[bytes[i] & 15]);
  }
  print("\"");
}

void json_end(void) {
  print("}\n");
  flush();
}
