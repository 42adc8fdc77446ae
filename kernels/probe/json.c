/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "pvh/guest/machine.h"

static void key_of(const char* key) {
  pvh_print(",\"");
  pvh_print(key);
  pvh_print("\":");
}

void json_begin(const char* part) {
  pvh_print("{\"pvh_probe\":1");
  json_text("part", part);
}

void json_number(const char* key, uint64_t value) {
  key_of(key);
  pvh_print_decimal(value);
}

void json_bool(const char* key, int value) {
  key_of(key);
  pvh_print(value ? "true" : "false");
}

void json_text(const char* key, const char* value) {
  key_of(key);
  pvh_print("\"");
  pvh_print(value);
  pvh_print("\"");
}

void json_hex(const char* key, const unsigned char* bytes, size_t size) {
  size_t i;
  key_of(key);
  pvh_print("\"");
  for (i = 0; i < size; ++i) {
    const char digits[2] = {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
    pvh_write(digits, sizeof(digits));
  }
  pvh_print("\"");
}

void json_end(void) {
  pvh_print("}\n");
}
