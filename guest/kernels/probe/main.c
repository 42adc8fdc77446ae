/* SPDX-License-Identifier: MIT */
/*
 * The probe: prints the start of day as it found it, one JSON object a line, and judges nothing.
 *
 * Guest memory is shown as it lies there, in parts "memory" (of, at, hex); parts "string", "module" and
 * "table" say what was looked for and where. Whoever judges reads the structures again from those bytes.
 * Nothing here believes a count or an address: what cannot be read is said to be so, and what is too much is
 * cut and said to be cut, with a checksum of all of it.
 */
#include "cpu.h"
#include "json.h"
#include "memory.h"
#include "physical.h"
#include "pvh/guest/machine.h"
#include "pvh/start_info.h"
#include "state.h"

enum { CHUNK = 1024 };
/* How much of a thing is shown at most, so that a wild count ends. */
enum {
  MOST_MAP_BYTES = 2048 * 24,
  MOST_MODULES = 1024,
  MOST_STRING = 1 << 20,
  MOST_STRING_SHOWN = 80 * 1024,
  MOST_MODULE_SHOWN = 64,
  MOST_TABLE_BYTES = 64 * 1024,
  MOST_TABLES = 32,
  MOST_DESCRIPTOR_BYTES = 512,
  MOST_RAM_ENTRIES = 64,
  MOST_PLACES = 64, /* tried in one entry of RAM */
};
/* A checksum of more than this would take minutes on an emulated CPU. */
#define MOST_CHECKED (64u << 20)
/* And of everything together, since a wild list may have a thousand of each. */
static uint64_t checks_left = 128u << 20;
static uint64_t characters_left = 16u << 20;
static uint64_t shown_left = 1u << 20;

extern struct state probe_state;
extern const unsigned char image_end[]; /* probe.ld: behind the bss, as linked */
extern const unsigned char probe_image[];

/* Nothing but a look at whether the producer made it zero (NOTE-7) uses this. */
static uint64_t untouched[3 * 4096 / sizeof(uint64_t)];

static const struct pvh_memory memory = {probe_read, NULL};
static unsigned char buffer[CHUNK];

void probe_main(void);

/* crc_table[n][b]: what byte b does to the checksum when n bytes follow it. Four are taken at once, since a
 * CPU that is interpreted takes microseconds for an instruction. */
static uint32_t crc_table[4][256];

static void crc_init(void) {
  uint32_t i, bit;
  /* A byte's value is that of its highest bit, and of the rest. */
  crc_table[0][128] = 0xedb88320u;
  for (i = 64; i > 0; i >>= 1)
    crc_table[0][i] = crc_table[0][i * 2] >> 1 ^ (crc_table[0][i * 2] & 1 ? 0xedb88320u : 0);
  for (bit = 2; bit < 256; bit <<= 1)
    for (i = 1; i < bit; ++i) crc_table[0][bit + i] = crc_table[0][bit] ^ crc_table[0][i];
  for (i = 0; i < 3 * 256; ++i) {
    const uint32_t before = crc_table[i >> 8][i & 0xff];
    crc_table[(i >> 8) + 1][i & 0xff] = before >> 8 ^ crc_table[0][before & 0xff];
  }
}

static uint32_t crc_of(uint32_t crc, const unsigned char* bytes, size_t size) {
  for (; size >= 4; size -= 4, bytes += 4) {
    uint32_t word;
    __builtin_memcpy(&word, bytes, 4);
    word ^= crc;
    crc = crc_table[3][word & 0xff] ^ crc_table[2][word >> 8 & 0xff] ^ crc_table[1][word >> 16 & 0xff] ^
          crc_table[0][word >> 24];
  }
  for (; size > 0; --size, ++bytes) crc = crc_table[0][(crc ^ *bytes) & 0xff] ^ crc >> 8;
  return crc;
}

/* Prints CRC-32 (as zlib's) of the bytes, of as many as are worth the time, and of how many it is. */
static void print_checksum(uint64_t at, uint64_t size) {
  uint32_t crc = 0xffffffffu;
  uint64_t done = 0;
  const uint64_t most = checks_left < MOST_CHECKED ? checks_left : MOST_CHECKED;
  const uint64_t wanted = size < most ? size : most;
  while (done < wanted) {
    const size_t now = wanted - done < CHUNK ? (size_t)(wanted - done) : CHUNK;
    if (at + done < at || !probe_read(NULL, at + done, buffer, now)) break;
    crc = crc_of(crc, buffer, now);
    done += now;
  }
  checks_left -= done;
  json_number("checked", done);
  json_number("crc32", ~crc);
}

/* Shows the bytes in lines of CHUNK, up to `most` of them, and nothing once enough has been shown in all. */
static void show_memory(const char* of, uint64_t at, uint64_t size, uint64_t most) {
  uint64_t done = 0;
  if (size > most) size = most;
  if (size > shown_left) size = shown_left;
  shown_left -= size;
  while (done < size) {
    const size_t now = size - done < CHUNK ? (size_t)(size - done) : CHUNK;
    const int readable = at + done >= at && probe_read(NULL, at + done, buffer, now);
    json_begin("memory");
    json_text("of", of);
    json_number("at", at + done);
    if (readable) {
      json_number("size", now);
      json_hex("hex", buffer, now);
    } else
      json_bool("readable", 0);
    json_end();
    if (!readable) return;
    done += now;
  }
}

/* How many of the bytes come before a NUL. Eight at once, as crc_of. */
static size_t length_in(const unsigned char* bytes, size_t size) {
  const uint64_t ones = 0x0101010101010101ull;
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    uint64_t word;
    __builtin_memcpy(&word, bytes + at, 8);
    if (((word - ones) & ~word & ones << 7) != 0) break;
  }
  while (at < size && bytes[at] != 0) ++at;
  return at;
}

static void show_string(const char* of, uint64_t index, uint64_t at) {
  uint64_t length = 0;
  int terminated = 0;
  int readable = 1;
  while (!terminated && length < MOST_STRING && characters_left > 0) {
    const uint64_t most = characters_left < MOST_STRING - length ? characters_left : MOST_STRING - length;
    /* No further than a page goes: behind it may be what is not memory. */
    const uint64_t in_page = CHUNK - ((at + length) & (CHUNK - 1));
    const size_t now = (size_t)(most < in_page ? most : in_page);
    size_t found;
    if (at + length < at || !probe_read(NULL, at + length, buffer, now)) {
      readable = 0;
      break;
    }
    found = length_in(buffer, now);
    terminated = found < now;
    length += found;
    characters_left -= found + (size_t)terminated;
  }
  json_begin("string");
  json_text("of", of);
  json_number("index", index);
  json_number("at", at);
  json_number("length", length);
  json_bool("terminated", terminated);
  json_bool("readable", readable);
  json_bool("cut", length > MOST_STRING_SHOWN);
  print_checksum(at, length);
  json_end();
  show_memory(of, at, length + (uint64_t)terminated, MOST_STRING_SHOWN);
}

static void show_cpu(void) {
  const struct state* s = &probe_state;
  const uint32_t gdt_base = s->gdtr[1] | (uint32_t)s->gdtr[2] << 16;
  const uint32_t idt_base = s->idtr[1] | (uint32_t)s->idtr[2] << 16;
  json_begin("cpu");
#define SHOW(name) json_number(#name, s->name)
  SHOW(eax), SHOW(ebx), SHOW(ecx), SHOW(edx), SHOW(esi), SHOW(edi), SHOW(ebp), SHOW(esp), SHOW(eflags);
  SHOW(cr0), SHOW(cr2), SHOW(cr3), SHOW(cr4), SHOW(dr2), SHOW(dr3), SHOW(dr6), SHOW(dr7), SHOW(efer);
  SHOW(cs), SHOW(ds), SHOW(es), SHOW(ss), SHOW(fs), SHOW(gs), SHOW(ldtr), SHOW(tr);
  SHOW(float_status), SHOW(float_control);
#undef SHOW
  json_number("apic_base", s->apic_base[0] | (uint64_t)s->apic_base[1] << 32);
  json_number("gdt_base", gdt_base);
  json_number("gdt_limit", s->gdtr[0]);
  json_number("idt_base", idt_base);
  json_number("idt_limit", s->idtr[0]);
  json_end();
  show_memory("gdt", gdt_base, s->gdtr[0] + 1u, MOST_DESCRIPTOR_BYTES);
  show_memory("idt", idt_base, s->idtr[0] + 1u, MOST_DESCRIPTOR_BYTES);
}

static void show_modules(uint64_t list, uint32_t count) {
  uint32_t i;
  const uint32_t shown = count < MOST_MODULES ? count : MOST_MODULES;
  json_begin("modules");
  json_number("at", list);
  json_number("count", count);
  json_bool("cut", count > shown);
  json_end();
  if (list == 0) return;
  show_memory("module_list", list, (uint64_t)shown * sizeof(struct hvm_modlist_entry), UINT64_MAX);
  for (i = 0; i < shown; ++i) {
    struct hvm_modlist_entry module;
    const uint64_t at = list + (uint64_t)i * sizeof(module);
    if (at < list || !probe_read(NULL, at, &module, sizeof(module))) return;
    json_begin("module");
    json_number("index", i);
    json_number("at", module.paddr);
    json_number("size", module.size);
    print_checksum(module.paddr, module.size);
    json_end();
    show_memory("module", module.paddr, module.size, MOST_MODULE_SHOWN);
    if (module.cmdline_paddr != 0) show_string("module_command_line", i, module.cmdline_paddr);
  }
}

static void show_memory_map(uint64_t map, uint32_t count) {
  const uint64_t size = (uint64_t)count * sizeof(struct hvm_memmap_table_entry);
  json_begin("memory_map");
  json_number("at", map);
  json_number("count", count);
  json_bool("cut", size > MOST_MAP_BYTES);
  if (count != 0 && map != 0) print_checksum(map, size);
  json_end();
  if (count != 0 && map != 0) show_memory("memory_map", map, size, MOST_MAP_BYTES);
}

/* A place in RAM that is tried: what lay there, to be put back. */
struct place {
  uint64_t at;
  uint64_t before;
};

static int is_own(uint64_t at) {
  const uint64_t size = (uint64_t)(image_end - probe_image);
  return at + sizeof(uint64_t) > probe_state.image && at < probe_state.image + size;
}

/* A value that no two places share, so that two addresses of one memory are noticed. */
static uint64_t mark_of(uint64_t at) {
  return at * 0x9e3779b97f4a7c15ull ^ 0x70726f6265206d65ull;
}

/*
 * Whether the memory that an entry calls RAM keeps what is written (MAP-5): the first and last 8 bytes, and
 * places evenly between. All are written before any is read back, and then all are put back.
 */
static void try_ram(uint64_t start, uint64_t size) {
  static struct place places[MOST_PLACES];
  const uint64_t last = start + (size - sizeof(uint64_t));
  /* Of the entry's pages, and no division of 64 bits, which i386 has not. */
  unsigned shift = 12;
  uint64_t failed = 0, first_failed = 0, tried = 0, at, i;
  while (size >> shift > MOST_PLACES - 2) ++shift;
  for (at = start, i = 0; i < MOST_PLACES; ++i) {
    struct place* place = &places[tried];
    if (is_own(at) || !probe_read(NULL, at, &place->before, sizeof(place->before))) goto next;
    place->at = at;
    ++tried;
  next:
    if (at == last) break;
    at += (uint64_t)1 << shift;
    if (at > last) at = last;
  }
  for (i = 0; i < tried; ++i) probe_write(places[i].at, mark_of(places[i].at));
  for (i = 0; i < tried; ++i) {
    uint64_t found = 0;
    if (probe_read(NULL, places[i].at, &found, sizeof(found)) && found == mark_of(places[i].at)) continue;
    if (failed++ == 0) first_failed = places[i].at;
  }
  /* From the last, so that of two addresses of one memory the first decides. */
  for (i = tried; i > 0; --i) probe_write(places[i - 1].at, places[i - 1].before);
  json_begin("ram");
  json_number("at", start);
  json_number("size", size);
  json_number("places", tried);
  json_number("failed", failed);
  json_number("first_failed", first_failed);
  json_end();
}

static void try_map(uint64_t map, uint32_t count) {
  uint32_t i, tried = 0;
  for (i = 0; i < count && i < MOST_MAP_BYTES / 24 && tried < MOST_RAM_ENTRIES; ++i) {
    struct hvm_memmap_table_entry entry;
    const uint64_t at = map + (uint64_t)i * sizeof(entry);
    if (at < map || !probe_read(NULL, at, &entry, sizeof(entry))) return;
    if (entry.type != XEN_HVM_MEMMAP_TYPE_RAM || entry.size < sizeof(uint64_t)) continue;
    if (entry.addr + (entry.size - 1) < entry.addr) continue;
    try_ram(entry.addr, entry.size);
    ++tried;
  }
}

/* Where BIOSes put it: tables that the start info does not name (START-7). */
static void show_rsdp_elsewhere(uint64_t rsdp) {
  const uint64_t signature = 0x2052545020445352ull; /* "RSD PTR " */
  uint64_t at;
  for (at = 0xe0000; at < 0x100000; at += CHUNK) {
    size_t i;
    if (!probe_read(NULL, at, buffer, CHUNK)) continue;
    for (i = 0; i < CHUNK; i += 16) {
      uint64_t found;
      __builtin_memcpy(&found, buffer + i, sizeof(found));
      if (found != signature || at + i == rsdp) continue;
      json_begin("rsdp_elsewhere");
      json_number("at", at + i);
      json_end();
      return;
    }
  }
}

static int is_zero(const uint64_t* words, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i)
    if (words[i] != 0) return 0;
  return 1;
}

/* A table with ACPI's common header, as long as it says. */
static uint32_t show_table(uint64_t at) {
  unsigned char header[8];
  uint32_t length;
  if (!probe_read(NULL, at, header, sizeof(header))) {
    json_begin("table");
    json_number("at", at);
    json_bool("readable", 0);
    json_end();
    return 0;
  }
  __builtin_memcpy(&length, header + 4, sizeof(length));
  json_begin("table");
  json_number("at", at);
  json_hex("signature", header, 4);
  json_number("length", length);
  json_bool("cut", length > MOST_TABLE_BYTES);
  print_checksum(at, length);
  json_end();
  show_memory("table", at, length, MOST_TABLE_BYTES);
  return length;
}

/* 64 bits, or 32 where those are 0 or the FADT ends before them. */
static uint64_t dsdt_of(uint64_t fadt) {
  enum { LENGTH = 4, DSDT = 40, X_DSDT = 140 };
  uint32_t length = 0;
  uint64_t dsdt = 0;
  if (!probe_read(NULL, fadt + LENGTH, &length, 4)) return 0;
  if (length >= X_DSDT + 8 && probe_read(NULL, fadt + X_DSDT, &dsdt, 8) && dsdt != 0) return dsdt;
  dsdt = 0;
  return probe_read(NULL, fadt + DSDT, &dsdt, 4) ? dsdt : 0;
}

static void show_acpi(uint64_t rsdp) {
  unsigned char root[36];
  uint64_t table = 0;
  uint32_t length, width, at, shown = 0;
  json_begin("acpi");
  json_number("rsdp", rsdp);
  json_end();
  if (rsdp == 0) return;
  show_memory("rsdp", rsdp, sizeof(root), sizeof(root));
  if (!probe_read(NULL, rsdp, root, sizeof(root))) return;
  width = root[15] >= 2 ? 8 : 4;
  __builtin_memcpy(&table, root + (width == 8 ? 24 : 16), width);
  if (table == 0) return;
  length = show_table(table);
  for (at = 36; at + width <= length && shown < MOST_TABLES; at += width, ++shown) {
    uint64_t entry = 0;
    char signature[4];
    if (!probe_read(NULL, table + at, &entry, width) || entry == 0) continue;
    (void)show_table(entry);
    /* The FADT names the DSDT, which no list does. */
    if (probe_read(NULL, entry, signature, 4) && __builtin_memcmp(signature, "FACP", 4) == 0) {
      const uint64_t dsdt = dsdt_of(entry);
      if (dsdt != 0) (void)show_table(dsdt);
    }
  }
}

/* Off by every way that there is; where there is none a reset, so that nobody waits for a guest that has said
 * all. */
static void leave(uint64_t rsdp) {
  const struct {
    uint16_t limit;
    uintptr_t base;
  } __attribute__((packed)) nothing = {0, 0};
  pvh_xen_shutdown(0);
  pvh_acpi_power_off(&memory, rsdp);
  pvh_debug_exit(0);
  out8(0x64, 0xfe);                                  /* the keyboard controller's reset line */
  pass((uint64_t)1 << 30);                           /* ticks: half a second */
  __asm__ volatile("lidt %0; ud2" : : "m"(nothing)); /* a triple fault */
}

void probe_main(void) {
  struct hvm_start_info info = {0};
  const uint32_t at = probe_state.ebx;
  unsigned consoles;
  int known;
  const int zeroed = is_zero(untouched, sizeof(untouched) / sizeof(*untouched));
  pvh_exceptions_init();
  crc_init();
  consoles = pvh_console_init();
  /* Xen cuts the lines of port 0xe9; its console keeps them whole. */
  if (consoles & PVH_CONSOLE_XEN) pvh_console_select(PVH_CONSOLE_XEN);

  json_begin("begin");
  json_number("bits", sizeof(void*) * 8);
  json_number("image", probe_state.image);
  json_number("linked", PROBE_LINK_ADDRESS);
  json_number("entry", (uint64_t)probe_state.image + probe_state.entry);
  json_number("size", (uint64_t)(image_end - probe_image));
  json_bool("zeroed", zeroed);
  json_bool("movable", PROBE_RELOCATABLE);
  json_bool("xen", pvh_on_xen());
  json_number("consoles", consoles);
  json_end();
  show_cpu();

  json_begin("start_info");
  json_number("at", at);
  json_end();
  show_memory("start_info", at, sizeof(info), sizeof(info));
  known = probe_read(NULL, at, &info, sizeof(info)) && info.magic == XEN_HVM_START_MAGIC_VALUE;
  if (known) {
    if (info.cmdline_paddr != 0) show_string("command_line", 0, info.cmdline_paddr);
    if (info.nr_modules != 0) show_modules(info.modlist_paddr, info.nr_modules);
    if (info.version >= 1) show_memory_map(info.memmap_paddr, info.memmap_entries);
    show_acpi(info.rsdp_paddr);
    show_rsdp_elsewhere(info.rsdp_paddr);
    if (info.version >= 1 && info.memmap_paddr != 0) try_map(info.memmap_paddr, info.memmap_entries);
  }
  json_begin("end");
  json_bool("magic", known);
  json_number("parts", json_parts());
  json_end();
  leave(known ? info.rsdp_paddr : 0);
}
