/* SPDX-License-Identifier: MIT */
/* Queues that no driver makes: chains that loop, indices that run away, buffers and rings where no RAM is,
 * sizes of none and of too many; over the kernel itself, changed while they are served. The disk says that it
 * needs a reset, works again after it, and the other device never notices. */
#include "hostile-virtio.h"

static struct queue queue;
static struct descriptor table[SIZE] __attribute__((aligned(16)));
static struct {
  uint32_t type, reserved;
  uint64_t sector;
} header;
static volatile uint8_t status;
static uint8_t buffer[65536] __attribute__((aligned(4096)));

/* A read of the first sectors, as a driver makes it. */
static void describe_read(uint32_t size) {
  describe(&queue, 0, address_of(&header), 16, NEXT, 1);
  describe(&queue, 1, address_of(buffer), size, NEXT | WRITE, 2);
  describe(&queue, 2, address_of(&status), 1, WRITE, 0);
}

static void disk_works(void) {
  clear(&queue);
  bring_up(DISK, place_of(&queue));
  buffer[0] = 0;
  status = 0xff;
  describe_read(512);
  offer(&queue, 0);
  set(DISK, NOTIFY, 0);
  if (!changes(&queue.used.index, 0) || status != 0 || buffer[0] != 'p') fail("the disk does not work");
}

static void start(void) {
  clear(&queue);
  bring_up(DISK, place_of(&queue));
}

static void must_break(const char* what) {
  set(DISK, NOTIFY, 0);
  if (!needs_reset(DISK)) fail(what);
  entropy_flows();
}

static void broken_chains(void) {
  unsigned i;
  start();
  describe(&queue, 0, address_of(&header), 16, NEXT, 1);
  describe(&queue, 1, address_of(buffer), 512, NEXT, 0);
  offer(&queue, 0);
  must_break("a loop");

  start();
  describe(&queue, 0, address_of(&header), 16, NEXT, SIZE);
  offer(&queue, 0);
  must_break("a link out of the table");

  start();
  offer(&queue, SIZE);
  must_break("a head out of the table");

  start();
  queue.available.index = 1000;
  must_break("an index that ran away");

  start();
  describe_read(512);
  for (i = 0; i < 65536; ++i) offer(&queue, 0); /* it comes round to where it was: nothing, or far too many */
  set(DISK, NOTIFY, 0);

  start();
  table[0].address = address_of(table);
  table[0].length = 16;
  table[0].flags = INDIRECT;
  describe(&queue, 0, address_of(table), sizeof(table), INDIRECT, 0);
  offer(&queue, 0);
  must_break("a table in a table");

  start();
  for (i = 0; i < SIZE; ++i) {
    table[i].address = address_of(buffer);
    table[i].length = 1;
    table[i].flags = NEXT;
    table[i].next = (uint16_t)((i + 1) % SIZE);
  }
  describe(&queue, 0, address_of(table), sizeof(table), INDIRECT, 0);
  offer(&queue, 0);
  must_break("a loop in a table");
}

static void broken_lengths(void) {
  static const uint32_t lengths[] = {0, 15, 17, 0xfffffff0u, 0xffffffffu};
  size_t i;
  for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); ++i) {
    start();
    describe(&queue, 0, address_of(table), lengths[i], INDIRECT, 0);
    offer(&queue, 0);
    must_break("a table of that length");
    start();
    describe_read(512);
    queue.descriptors[0].length = lengths[i] == 17 ? 8 : lengths[i];
    offer(&queue, 0);
    must_break("a header of that length");
  }
  start();
  describe_read(512);
  queue.descriptors[1].length = 0xffffffffu;
  offer(&queue, 0);
  must_break("4 GiB");
  start();
  describe_read(0);
  offer(&queue, 0);
  set(DISK, NOTIFY, 0);
  if (!changes(&queue.used.index, 0) || status != 1) fail("a read of nothing is an error of the request's");
}

static void places(uint64_t ram_end) {
  const uint64_t no_ram[] = {ram_end,
                             0xa0000,
                             0xe0000,
                             0xfffff,
                             VIRTIO_WINDOW,
                             LOCAL_APIC,
                             0xffffffffull,
                             0x100000000ull,
                             1ull << 52,
                             0xfffffffffffff000ull,
                             ram_end - 16 + 4096};
  struct place place;
  size_t i;
  unsigned part;
  for (i = 0; i < sizeof(no_ram) / sizeof(no_ram[0]); ++i) {
    for (part = 0; part < 3; ++part) {
      start();
      describe_read(512);
      queue.descriptors[part].address = no_ram[i];
      offer(&queue, 0);
      must_break("a buffer where no RAM is");
      clear(&queue);
      place = place_of(&queue);
      (part == 0 ? &place.descriptors : part == 1 ? &place.available : &place.used)[0] = no_ram[i];
      bring_up(DISK, place);
      must_break("a ring where no RAM is");
    }
  }
  start();
  describe_read(512);
  queue.descriptors[1].address = ram_end - 511;
  offer(&queue, 0);
  must_break("a buffer across the end of RAM");
  clear(&queue);
  place = place_of(&queue);
  place.used = ram_end - 64;
  bring_up(DISK, place);
  must_break("a ring across the end of RAM");
  clear(&queue);
  place = place_of(&queue);
  place.descriptors = ram_end - sizeof(queue.descriptors);
  bring_up(DISK, place);
  if ((get(DISK, STATUS) & NEEDS_RESET) != 0) fail("a ring that ends with RAM is one");
}

static void sizes(void) {
  static const uint32_t bad[] = {0, 3, 257, 512, 65535, 65536, 0x80000000u, 0xffffffffu};
  size_t i;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
    struct place place = place_of(&queue);
    clear(&queue);
    place.size = bad[i];
    bring_up(DISK, place);
    must_break("a size that no queue has");
  }
}

/* The device reads code for descriptors, and takes what it says: nothing outside of RAM comes of it. */
static void over_the_kernel(void) {
  struct place place = place_of(&queue);
  unsigned i;
  for (i = 0; i < 64; ++i) {
    clear(&queue);
    place.descriptors = (0x100000 + i * 256) & ~15ull;
    bring_up(DISK, place);
    offer(&queue, i % SIZE);
    /* One that begins with what is written has no header: the device looks, and writes nothing into us. */
    if ((((struct descriptor*)(uintptr_t)place.descriptors)[i % SIZE].flags & WRITE) != 0)
      set(DISK, NOTIFY, 0);
    entropy_flows();
  }
}

static void changed_while_served(void) {
  uint64_t noise = 1;
  unsigned round, i;
  for (round = 0; round < 20; ++round) {
    start();
    describe_read(512);
    for (i = 0; i < 1000; ++i) {
      noise = noise * 6364136223846793005ull + 1442695040888963407ull;
      describe(&queue, 1, noise % 3 == 0 ? address_of(buffer) : noise, (uint32_t)(noise >> 40), NEXT | WRITE,
               (unsigned)(noise >> 60));
      describe(&queue, 1, address_of(buffer), 512, NEXT | WRITE, 2);
      queue.available.index = (uint16_t)(queue.used.index + noise % 5);
      if (i % 16 == 0) set(DISK, NOTIFY, 0);
    }
  }
  entropy_flows();
}

static void resets_in_flight(void) {
  unsigned round, i;
  for (round = 0; round < 100; ++round) {
    start();
    describe_read(sizeof(buffer));
    for (i = 0; i < 5; ++i) offer(&queue, 0);
    set(DISK, NOTIFY, 0);
    for (i = 0; i < round * 20; ++i) __asm__ volatile("pause");
    set(DISK, STATUS, 0);
    for (i = 0; i < sizeof(buffer); i += 512) buffer[i] = 0x77;
    if (get(DISK, STATUS) != 0) fail("a reset that is none");
    for (i = 0; i < 2000; ++i) __asm__ volatile("pause");
    for (i = 0; i < sizeof(buffer); i += 512) {
      if (buffer[i] != 0x77) fail("written to after the reset");
    }
  }
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  disk_works();
  entropy_flows();
  broken_chains();
  broken_lengths();
  places(self.ram_end);
  sizes();
  disk_works();
  over_the_kernel();
  changed_while_served();
  resets_in_flight();
  disk_works();
  entropy_flows();
  hostile_survived();
}
