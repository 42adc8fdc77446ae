/* SPDX-License-Identifier: MIT */
/* Keeps the serial line and every virtio device that it finds busy: for the tests of runs that end while
 * devices work (tests/system/busy.py). Once each queue has completed its share of requests, the guest resets
 * the devices in the middle of their work and starts them again. After another share it says "@busy" without
 * end. Then it ends the run as the command line says: "off", "reset", "triple" or "panic". With another word
 * it runs until the monitor ends it. */
#include "hostile-virtio.h"

enum { NET = 1, BLOCK = 2, CONSOLE = 3, RANDOM = 4, VSOCK = 19 };
enum { FLUSH = 1u << 9, OUT = 1, FLUSH_REQUEST = 4, SECTOR = 512, PAGE_SECTORS = 8, CONFIG = 0x100 };
enum { MOST_RINGS = 24, SLOTS = 24, SHARE = 10, ROUNDS_AT_THE_END = 100 };

/* One queue, which is kept full. */
struct ring {
  uint32_t device;
  unsigned number;
  unsigned step; /* descriptors of a request */
  uint16_t seen; /* of the used ring */
  unsigned completed;
  unsigned share;           /* how many requests must complete before the guest is busy */
  struct request* requests; /* of a disk */
};

struct request {
  uint32_t type, reserved;
  uint64_t sector;
  volatile uint8_t status;
};

static struct queue queues[MOST_RINGS];
static struct ring rings[MOST_RINGS];
static struct request requests[MOST_RINGS][SIZE];
static unsigned ring_count;
/* Every device reads or writes the same bytes: their content matters to none. */
static uint8_t scratch[65536 + 12] __attribute__((aligned(4096)));
static char text[4096] __attribute__((aligned(4096)));

static uint32_t random_word(void) {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static void say_everywhere(const char word[8]) {
  unsigned i;
  for (i = 0; i < sizeof(text); ++i) text[i] = word[i % 8];
}

static struct ring* add_ring(uint32_t device, unsigned number, unsigned share) {
  struct ring* const ring = &rings[ring_count];
  clear(&queues[ring_count]);
  ring->seen = 0;
  ring->completed = 0;
  ring->requests = NULL;
  ring->device = device;
  ring->number = number;
  ring->step = 1;
  ring->share = share;
  ++ring_count;
  return ring;
}

static struct queue* queue_of(const struct ring* ring) {
  return &queues[ring - rings];
}

/* Every request of the ring has this one buffer. */
static void fill_ring(struct ring* ring, const volatile void* buffer, uint32_t size, unsigned flags) {
  unsigned i;
  for (i = 0; i < SIZE; ++i) {
    describe(queue_of(ring), i, address_of(buffer), size, flags, 0);
    offer(queue_of(ring), i);
  }
}

/* Two of five read, two write and one flushes. A new page each time, so the host cannot have it in its cache.
 */
static void renew_request(struct ring* ring, unsigned head) {
  struct queue* const queue = queue_of(ring);
  struct request* const request = &ring->requests[head / 3];
  const unsigned kind = head / 3 % 5;
  const uint32_t pages = get(ring->device, CONFIG) / PAGE_SECTORS;
  request->type = kind == 4 ? FLUSH_REQUEST : kind % 2 == 0 ? 0 : OUT;
  request->sector = kind == 4 ? 0 : (uint64_t)(random_word() % pages) * PAGE_SECTORS;
  describe(queue, head, address_of(request), 16, NEXT, kind == 4 ? head + 2 : head + 1);
  describe(queue, head + 1, address_of(scratch), SECTOR, kind % 2 == 0 ? NEXT | WRITE : NEXT, head + 2);
  describe(queue, head + 2, address_of(&request->status), 1, WRITE, 0);
}

static void fill_disk(struct ring* ring) {
  unsigned head;
  ring->step = 3;
  ring->requests = requests[ring - rings];
  for (head = 0; head + 3 <= SIZE; head += 3) {
    renew_request(ring, head);
    offer(queue_of(ring), head);
  }
}

static void put(uint8_t* at, unsigned size, uint64_t value) {
  for (; size > 0; --size, value >>= 8) *at++ = (uint8_t)value;
}

/* A question for the MAC of 10.9.0.1, behind a virtio header: the host's answers are what comes back. */
static const uint8_t* question(void) {
  static uint8_t frame[12 + 60];
  static const uint8_t start[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 9,  2, 8, 6,
                                  0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 9, 2,
                                  10,   9,    0,    2,    0,    0,    0, 0, 0, 0, 10, 9, 0, 1};
  unsigned i;
  for (i = 0; i < sizeof(start); ++i) frame[12 + i] = start[i];
  return frame;
}

/* A connection to a port of the host where nothing listens: each is refused. */
static const uint8_t* connection(uint32_t device) {
  static uint8_t packet[44];
  put(packet, 8, get(device, CONFIG));
  put(packet + 8, 8, 2);
  put(packet + 16, 4, 1000);
  put(packet + 20, 4, 1);
  put(packet + 28, 2, 1); /* a stream */
  put(packet + 30, 2, 1); /* a request */
  put(packet + 36, 4, 65536);
  return packet;
}

static void start_device(uint32_t device, uint32_t kind) {
  const unsigned first = ring_count;
  unsigned i;
  /* Ends what the device has under way, the second time. */
  set(device, STATUS, 0);
  if (kind == NET) {
    fill_ring(add_ring(device, 0, SHARE), scratch, sizeof(scratch), WRITE);
    fill_ring(add_ring(device, 1, SHARE), question(), 12 + 60, 0);
  } else if (kind == BLOCK) {
    fill_disk(add_ring(device, 0, SHARE));
  } else if (kind == CONSOLE) {
    fill_ring(add_ring(device, 0, 0), scratch, 64, WRITE);
    fill_ring(add_ring(device, 1, SHARE), text, sizeof(text), 0);
  } else if (kind == RANDOM) {
    fill_ring(add_ring(device, 0, SHARE), scratch, 64, WRITE);
  } else if (kind == VSOCK) {
    fill_ring(add_ring(device, 0, SHARE), scratch, 4096, WRITE);
    fill_ring(add_ring(device, 1, SHARE), connection(device), 44, 0);
    fill_ring(add_ring(device, 2, 0), scratch, 64, WRITE);
  }
  set(device, STATUS, ACKNOWLEDGED | DRIVER);
  set(device, DRIVER_FEATURES_HALF, 0);
  set(device, DRIVER_FEATURES, kind == BLOCK ? FLUSH : 0);
  set(device, DRIVER_FEATURES_HALF, 1);
  set(device, DRIVER_FEATURES, 1);
  set(device, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK);
  for (i = first; i < ring_count; ++i) set_queue(device, rings[i].number, place_of(&queues[i]));
  set(device, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK);
  for (i = first; i < ring_count; ++i) set(device, NOTIFY, rings[i].number);
}

static void start_devices(void) {
  unsigned slot;
  ring_count = 0;
  for (slot = 0; slot < SLOTS && ring_count + 3 <= MOST_RINGS; ++slot) {
    const uint32_t device = VIRTIO_WINDOW + slot * 0x200u;
    if (get(device, 0) == 0x74726976) start_device(device, get(device, 8));
  }
}

/* Offers again what the device has completed. */
static void refill(struct ring* ring) {
  volatile struct queue* const queue = queue_of(ring);
  const uint16_t end = queue->used.index;
  if (ring->seen == end) return;
  for (; ring->seen != end; ++ring->seen, ++ring->completed) {
    const unsigned head = queue->used.ring[ring->seen % SIZE].head;
    if (ring->requests != NULL) {
      if (ring->requests[head / 3].status != 0) fail("an I/O error");
      renew_request(ring, head);
    }
    offer(queue_of(ring), head);
  }
  set(ring->device, NOTIFY, ring->number);
}

static int all_have_done_their_share(void) {
  unsigned i;
  for (i = 0; i < ring_count; ++i) {
    if (rings[i].completed < rings[i].share) return 0;
  }
  return 1;
}

/* Does not wait until the line has room: what it does not take is lost. */
static void flood_line(void) {
  unsigned i;
  for (i = 0; i < 8; ++i) out8(COM1, (uint8_t)text[i]);
}

static void end_by(const struct hostile* self) {
  static const struct {
    uint16_t limit;
    uint64_t base;
  } __attribute__((packed)) no_table = {0, 0};
  if (hostile_is(self, "off")) *(volatile uint8_t*)(uintptr_t)SLEEP_CONTROL = 5 << 2 | 1 << 5;
  if (hostile_is(self, "reset")) *(volatile uint8_t*)(uintptr_t)RESET_REGISTER = 0x42;
  if (hostile_is(self, "panic")) out8(PANIC_PORT, 1);
  if (hostile_is(self, "triple")) __asm__ volatile("lidt %0; ud2" : : "m"(no_table));
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  unsigned i, starts = 1, rounds = 0;
  int busy = 0;
  say_everywhere("starting");
  start_devices();
  for (;;) {
    flood_line();
    for (i = 0; i < ring_count; ++i) refill(&rings[i]);
    if (busy) {
      if (++rounds == ROUNDS_AT_THE_END) end_by(&self);
    } else if (all_have_done_their_share()) {
      if (starts++ == 1) {
        start_devices();
      } else {
        busy = 1;
        say_everywhere("  @busy\n");
      }
    }
  }
}
