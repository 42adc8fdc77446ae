/* SPDX-License-Identifier: MIT */
#include "planted_consumer.h"

#include "pvh/guest/machine.h"

enum { MOST_ENTRIES = 1400, HEAP_SIZE = 16384 };

static struct pvh_map_range ranges[3 * MOST_ENTRIES];
static char line[65537];

struct consumer {
  const struct pvh_memory* memory;
  const char* plant;
  uint64_t heap;
};

static int is(const struct consumer* self, const char* clause) {
  size_t i = 0;
  while (clause[i] != '\0' && self->plant[i] == clause[i]) ++i;
  return clause[i] == self->plant[i];
}

/* What lies in the heap is gone, for who did not keep it out of there (CONS-4). */
static int read_bytes(void* context, uint64_t at, void* out, size_t size) {
  const struct consumer* self = context;
  unsigned char* bytes = out;
  size_t i;
  if (!self->memory->read(self->memory->context, at, out, size)) return 0;
  for (i = 0; i < size && is(self, "CONS-4"); ++i)
    if (at + i >= self->heap && at + i < self->heap + HEAP_SIZE) bytes[i] = 0;
  return 1;
}

/* Gives up, as a kernel that cannot go on. */
static int stop(const char* why) {
  pvh_print(why);
  pvh_print("\n");
  return 0;
}

static uint64_t aligned(const struct consumer* self, uint64_t at) {
  return is(self, "CONS-3") ? at & ~(uint64_t)7 : at;
}

static int read_info(struct consumer* self, uint32_t at, struct hvm_start_info* info) {
  const uint32_t expected = is(self, "START-1") ? XEN_HVM_START_MAGIC_VALUE + 1 : XEN_HVM_START_MAGIC_VALUE;
  if (is(self, "START-8") && at >= 0x100000) return stop("no start info below 1 MiB");
  if (!read_bytes(self, aligned(self, at), info, sizeof(*info))) return stop("no start info");
  if (info->magic != expected && !is(self, "CONS-1")) return stop("no magic");
  if (is(self, "START-2") && info->version > 1) return stop("too new");
  if (is(self, "START-3") && info->flags != 0) return stop("flags");
  if (is(self, "START-4") && info->cmdline_paddr == 0) return stop("no command line");
  if (is(self, "START-6") && info->nr_modules > 2) return stop("too many modules");
  if (is(self, "START-7") && info->rsdp_paddr == 0) return stop("no RSDP");
  if (info->version == 0) info->memmap_paddr = info->memmap_entries = 0;
  return 1;
}

static int tell_command_line(struct consumer* self, uint64_t at) {
  const uint32_t most = is(self, "START-5") ? 4095 : sizeof(line) - 1;
  uint32_t i;
  for (i = 0; at != 0; ++i) {
    if (i > most) return stop("the command line is too long");
    if (!read_bytes(self, at + i, &line[i], 1)) return stop("the command line cannot be read");
    if (line[i] == '\0') break;
  }
  if (at == 0) return 1;
  pvh_print("command line: ");
  pvh_print(line);
  pvh_print("\n");
  return 1;
}

static int tell_modules(struct consumer* self, const struct hvm_start_info* info) {
  uint32_t i, found = 0;
  for (i = 0; i < info->nr_modules; ++i) {
    struct hvm_modlist_entry module;
    const uint64_t at = aligned(self, info->modlist_paddr) + i * sizeof(module);
    if (read_bytes(self, at, &module, sizeof(module)) && module.paddr != 0 && module.paddr % 4096 == 0)
      ++found;
  }
  pvh_print("modules: ");
  pvh_print_decimal(found);
  pvh_print("\n");
  return 1;
}

/* Whether the entry is one for the table, as it then stands there. */
static int take_entry(const struct consumer* self, const struct hvm_memmap_table_entry* entry,
                      struct pvh_map_range* range) {
  const int is_ram = entry->type == XEN_HVM_MEMMAP_TYPE_RAM;
  const uint64_t last = entry->addr + (entry->size - 1);
  const int wraps = last < entry->addr;
  if (entry->size == 0) return 0;
  if (wraps && is_ram && !is(self, "CONS-2")) return 0;
  if (is(self, "MAP-5") && is_ram && entry->addr >= 0x100000000u) return 0;
  range->first = entry->addr;
  range->last = wraps ? UINT64_MAX - 1 : last;
  range->type = entry->type;
  if (is(self, "MAP-2") && entry->type > XEN_HVM_MEMMAP_TYPE_PMEM) range->type = XEN_HVM_MEMMAP_TYPE_RAM;
  return 1;
}

static int tell_map(struct consumer* self, const struct hvm_start_info* info) {
  const uint32_t entries = is(self, "MAP-4") ? info->memmap_entries & 0xff : info->memmap_entries;
  uint64_t end = 0;
  size_t count = 0;
  uint32_t i;
  struct hvm_memmap_table_entry entry;
  if (is(self, "MAP-1") && info->memmap_paddr != 0 &&
      !read_bytes(self, info->memmap_paddr, &entry, sizeof(entry)))
    return stop("the map cannot be read");
  for (i = 0; i < entries && i < MOST_ENTRIES; ++i) {
    if (!read_bytes(self, aligned(self, info->memmap_paddr) + i * sizeof(entry), &entry, sizeof(entry)))
      return stop("the map cannot be read");
    if (is(self, "MAP-3") && entry.addr < end) return stop("the map is not sorted");
    end = entry.addr + entry.size;
    if (take_entry(self, &entry, &ranges[count])) ++count;
  }
  if (pvh_map_normalise(ranges, 3 * MOST_ENTRIES, &count, NULL) != PVH_OK) return stop("the map is broken");
  pvh_print("memory map:\n");
  for (i = 0; i < count; ++i) {
    pvh_print("  ");
    pvh_print_hex(ranges[i].first);
    pvh_print("-");
    pvh_print_hex(ranges[i].last);
    pvh_print(ranges[i].type == XEN_HVM_MEMMAP_TYPE_RAM ? " RAM\n" : " not RAM\n");
  }
  return 1;
}

void planted_consumer(const struct pvh_memory* memory, uint32_t start_info, const char* plant,
                      uint64_t heap) {
  struct consumer self = {memory, plant, heap};
  struct hvm_start_info info;
  pvh_print("Hello from a consumer\n");
  if (read_info(&self, start_info, &info) && tell_command_line(&self, info.cmdline_paddr) &&
      tell_modules(&self, &info) && tell_map(&self, &info))
    pvh_print("Goodbye\n");
}
