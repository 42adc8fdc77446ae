/* SPDX-License-Identifier: MIT */
/* One JSON object a line, written as it is made. */
#ifndef PVH_PROBE_JSON_H
#define PVH_PROBE_JSON_H

#include <stddef.h>
#include <stdint.h>

void json_begin(const char* part);
void json_number(const char* key, uint64_t value);
void json_bool(const char* key, int value);
void json_text(const char* key, const char* value); /* of this program's own: nothing is escaped */
void json_hex(const char* key, const unsigned char* bytes, size_t size);
void json_end(void);

uint64_t json_parts(void); /* begun so far */

#endif
