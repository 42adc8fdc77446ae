/* SPDX-License-Identifier: MIT */
/*
 * The start-info reader for kernels written in C (C99 up): the same code as pvh/guest/ has for C++, and the
 * plain data types that both speak. Freestanding: no heap, no libc but memcpy, memmove, memset and memcmp.
 *
 *     struct pvh_memory memory = {my_read, NULL};
 *     struct pvh_start start;
 *     struct pvh_error error;
 *     if (pvh_start_parse(&start, &memory, ebx, &error) != PVH_OK) panic(error.clause, error.what);
 *
 * Every function that can fail returns enum pvh_answer and, where that is PVH_BROKEN, fills *error, which may
 * be NULL.
 */
#ifndef PVH_GUEST_H
#define PVH_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "pvh/start_info.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How the reader reaches guest-physical memory: copies `size` bytes from `paddr` to `out` and returns
 * nonzero, or returns 0 where any of them is not readable. The reader dereferences no physical address
 * itself, so any mapping will do, and none is asked to be aligned. `size` is at most a few hundred, and paddr
 * + size never wraps.
 */
struct pvh_memory {
  int (*read)(void* context, uint64_t paddr, void* out, size_t size);
  void* context;
};

enum pvh_answer {
  PVH_OK = 0,
  PVH_ABSENT = 1, /* the producer gave none, which it may */
  PVH_BROKEN = 2  /* it gave something that cannot be used */
};

struct pvh_error {
  const char* clause; /* of the contract: "START-1" */
  const char* what;   /* for people */
  uint64_t where;     /* guest-physical address of what is wrong */
  uint64_t found;     /* the value found there, where there is one */
};

/* A string as it lies in guest memory: checked to end within its bound; `size` is without the NUL. */
struct pvh_string {
  uint64_t paddr;
  uint64_t size;
};

/* A module (START-6). `paddr + size` does not wrap; that it can be read is for the reader of it to see. */
struct pvh_module {
  uint64_t paddr;
  uint64_t size;
  uint64_t cmdline_paddr; /* 0: none */
};

/* An entry of the memory map as the producer gave it (MAP-1): nothing is promised of it. */
struct pvh_map_entry {
  uint64_t addr;
  uint64_t size;
  uint32_t type;
  uint32_t reserved;
};

/*
 * A range of one type. Both ends are inside it, so that one can end at the top of the address space, and none
 * is empty.
 */
struct pvh_map_range {
  uint64_t first;
  uint64_t last;
  uint32_t type;
  uint32_t work; /* the normaliser's own */
};

/* What to keep out of free memory until it has been used (CONS-4). */
enum pvh_kept {
  PVH_KEPT_START_INFO,
  PVH_KEPT_MODULE_LIST,
  PVH_KEPT_MEMORY_MAP,
  PVH_KEPT_COMMAND_LINE,
  PVH_KEPT_RSDP,
  PVH_KEPT_MODULE,
  PVH_KEPT_MODULE_COMMAND_LINE
};
struct pvh_reservation {
  uint64_t first;
  uint64_t last;
  uint32_t what;   /* enum pvh_kept */
  uint32_t module; /* which, for the last two */
};

/* The start info, checked and decoded. The two last members are 0 on version 0 (START-2). */
struct pvh_start {
  struct pvh_memory memory;
  uint64_t paddr;
  uint32_t version;
  uint32_t flags;
  uint32_t nr_modules; /* 0 where there is no list */
  uint32_t memmap_entries;
  uint64_t modlist_paddr;
  uint64_t cmdline_paddr;
  uint64_t rsdp_paddr;
  uint64_t memmap_paddr;
};

/* The longest string that is looked for where the caller says no other limit. The contract has none
 * (START-5). */
#define PVH_STRING_LIMIT 1048576u

int pvh_start_parse(struct pvh_start* start, const struct pvh_memory* memory, uint64_t paddr,
                    struct pvh_error* error);

int pvh_start_command_line(const struct pvh_start* start, uint64_t limit, struct pvh_string* out,
                           struct pvh_error* error);
int pvh_start_rsdp(const struct pvh_start* start, uint64_t* paddr);
/* PVH_ABSENT where `index` is not below nr_modules. */
int pvh_start_module(const struct pvh_start* start, uint32_t index, struct pvh_module* out,
                     struct pvh_error* error);
int pvh_start_module_command_line(const struct pvh_start* start, const struct pvh_module* module,
                                  uint64_t limit, struct pvh_string* out, struct pvh_error* error);
/* Copies the string and a NUL. Never cuts: a buffer of less than size + 1 is PVH_BROKEN. */
int pvh_string_copy(const struct pvh_memory* memory, const struct pvh_string* string, char* out,
                    size_t capacity, struct pvh_error* error);

/* Calls `visit` for each range to keep; PVH_BROKEN with the first of what could not be told, after all the
 * rest. */
int pvh_start_reserve(const struct pvh_start* start, void (*visit)(void*, const struct pvh_reservation*),
                      void* context, struct pvh_error* error);
/* Calls `visit` for each thing in which the producer broke the contract; PVH_OK where there is none. */
int pvh_start_check(const struct pvh_start* start, void (*visit)(void*, const struct pvh_error*),
                    void* context);

/* The map's entries as they lie there. PVH_ABSENT past the last, and where there is no map. */
int pvh_map_read(const struct pvh_start* start, uint32_t index, struct pvh_map_entry* out,
                 struct pvh_error* error);
/* The map's entries as ranges, in their order, without the empty ones; at least memmap_entries of storage. */
int pvh_map_collect(const struct pvh_start* start, struct pvh_map_range* storage, size_t capacity,
                    size_t* count, struct pvh_error* error);
/*
 * Makes of storage[0..*count) sorted, disjoint, merged ranges; RAM loses every overlap (MAP-3). In between, a
 * kernel may have appended ranges of its own, such as reservations. Three times *count of storage is always
 * enough.
 */
int pvh_map_normalise(struct pvh_map_range* storage, size_t capacity, size_t* count, struct pvh_error* error);
/*
 * The same ranges one by one without storage: the one at or behind `address`, and the one behind `previous`,
 * which may be `out`. PVH_ABSENT after the last.
 */
int pvh_map_from(const struct pvh_start* start, uint64_t address, struct pvh_map_range* out,
                 struct pvh_error* error);
int pvh_map_after(const struct pvh_start* start, const struct pvh_map_range* previous,
                  struct pvh_map_range* out, struct pvh_error* error);

/* Types of other maps; total both ways (pvh/guest/foreign_map.hpp says what becomes of what). */
uint32_t pvh_type_to_e820(uint32_t type);
uint32_t pvh_type_from_e820(uint32_t e820_type);
uint32_t pvh_type_to_efi(uint32_t type);
uint32_t pvh_type_from_efi(uint32_t efi_type);
uint32_t pvh_type_to_multiboot2(uint32_t type);
uint32_t pvh_type_from_multiboot2(uint32_t multiboot_type);

/* One word of a command line. `value` is NULL where the word has no '='. Neither ends with a NUL. */
struct pvh_argument {
  const char* key;
  size_t key_size;
  const char* value;
  size_t value_size;
};

/* The next word from *position on, which is moved behind it; 0 at the end. */
int pvh_next_argument(const char* text, size_t size, size_t* position, struct pvh_argument* out);
/* The last argument of that key before a word "--"; 0 where there is none. '-' and '_' are the same. */
int pvh_find_argument(const char* text, size_t size, const char* key, size_t key_size,
                      struct pvh_argument* out);

#ifdef __cplusplus
}
#endif

#endif /* PVH_GUEST_H */
