/* SPDX-License-Identifier: MIT */
/* A driver without a conscience: registers and one queue of a virtio device, laid out as its user likes. */
#ifndef PVH_KERNELS_HOSTILE_VIRTIO_H
#define PVH_KERNELS_HOSTILE_VIRTIO_H

#include "hostile.h"

/* The first two slots that are used: a disk or a network card, given by the command line, and the source of
 * random numbers. */
#define DISK (VIRTIO_WINDOW + 0x200u)
#define ENTROPY (VIRTIO_WINDOW + 0x400u)

enum {
  DRIVER_FEATURES = 0x20,
  DRIVER_FEATURES_HALF = 0x24,
  QUEUE_SELECT = 0x30,
  QUEUE_SIZE = 0x38,
  QUEUE_READY = 0x44,
  NOTIFY = 0x50,
  STATUS = 0x70,
  DESCRIPTORS = 0x80,
  AVAILABLE = 0x90,
  USED = 0xa0
};
enum { ACKNOWLEDGED = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { SIZE = 16 };

struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};

struct queue {
  struct descriptor descriptors[SIZE] __attribute__((aligned(4096)));
  struct {
    uint16_t flags, index, ring[SIZE], event;
  } available __attribute__((aligned(4096)));
  struct {
    uint16_t flags, index;
    struct {
      uint32_t head, written;
    } ring[SIZE];
    uint16_t event;
  } used __attribute__((aligned(4096)));
};

/* Where a driver says that its queue lies. */
struct place {
  uint32_t size;
  uint64_t descriptors, available, used;
};

static inline void set(uint32_t device, uint32_t offset, uint32_t value) {
  *register_at(device + offset) = value;
}
static inline uint32_t get(uint32_t device, uint32_t offset) {
  return *register_at(device + offset);
}
static inline void set_address(uint32_t device, uint32_t offset, uint64_t value) {
  set(device, offset, (uint32_t)value);
  set(device, offset + 4, (uint32_t)(value >> 32));
}

static inline uint64_t address_of(const volatile void* pointer) {
  return (uint64_t)(uintptr_t)pointer;
}

static inline struct place place_of(const volatile struct queue* queue) {
  const struct place out = {SIZE, address_of(&queue->descriptors), address_of(&queue->available),
                            address_of(&queue->used)};
  return out;
}

static inline void set_queue(uint32_t device, uint32_t number, struct place place) {
  set(device, QUEUE_SELECT, number);
  set(device, QUEUE_SIZE, place.size);
  set_address(device, DESCRIPTORS, place.descriptors);
  set_address(device, AVAILABLE, place.available);
  set_address(device, USED, place.used);
  set(device, QUEUE_READY, 1);
}

/* Up to DRIVER_OK, with these features of the device's and no others, and a queue there. */
static inline void bring_up_with(uint32_t device, uint32_t features, struct place place) {
  set(device, STATUS, 0);
  set(device, STATUS, ACKNOWLEDGED | DRIVER);
  set(device, DRIVER_FEATURES_HALF, 0);
  set(device, DRIVER_FEATURES, features);
  set(device, DRIVER_FEATURES_HALF, 1);
  set(device, DRIVER_FEATURES, 1);
  set(device, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK);
  set_queue(device, 0, place);
  set(device, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK);
}

/* The same with event indices and indirect tables. */
static inline void bring_up(uint32_t device, struct place place) {
  bring_up_with(device, 1u << 28 | 1u << 29, place);
}

static inline void clear(volatile struct queue* queue) {
  unsigned i;
  for (i = 0; i < SIZE; ++i) {
    queue->descriptors[i].address = 0;
    queue->descriptors[i].length = 0;
    queue->descriptors[i].flags = queue->descriptors[i].next = 0;
    queue->available.ring[i] = 0;
  }
  queue->available.flags = queue->available.index = queue->available.event = 0;
  queue->used.flags = queue->used.index = queue->used.event = 0;
}

static inline void describe(volatile struct queue* queue, unsigned index, uint64_t address, uint32_t length,
                            unsigned flags, unsigned next) {
  queue->descriptors[index].address = address;
  queue->descriptors[index].length = length;
  queue->descriptors[index].flags = (uint16_t)flags;
  queue->descriptors[index].next = (uint16_t)next;
}

static inline void offer(volatile struct queue* queue, unsigned head) {
  queue->available.ring[queue->available.index % SIZE] = (uint16_t)head;
  __asm__ volatile("" : : : "memory");
  ++queue->available.index;
}

/* Whether `*at` becomes another value than `old` while one waits. */
static inline int changes(const volatile uint16_t* at, uint16_t old) {
  unsigned long i;
  for (i = 0; i < 200000000ul; ++i) {
    if (*at != old) return 1;
    __asm__ volatile("pause");
  }
  return 0;
}

static inline int needs_reset(uint32_t device) {
  unsigned i;
  for (i = 0; i < 100000; ++i) {
    if ((get(device, STATUS) & NEEDS_RESET) != 0) return 1;
  }
  return 0;
}

static inline void fail(const char* what) {
  pvh_print("FAILED: ");
  pvh_print(what);
  pvh_print("\n");
  *(volatile uint8_t*)(uintptr_t)SLEEP_CONTROL = 5 << 2 | 1 << 5;
  pvh_halt();
}

static struct queue good_queue;
static volatile uint64_t random_number;

/* The other device lives on, whatever became of the disk. */
static inline void entropy_flows(void) {
  volatile struct queue* queue = &good_queue;
  const uint64_t before = random_number;
  clear(queue);
  bring_up(ENTROPY, place_of(queue));
  describe(queue, 0, address_of(&random_number), sizeof(random_number), WRITE, 0);
  offer(queue, 0);
  set(ENTROPY, NOTIFY, 0);
  if (!changes(&queue->used.index, 0) || random_number == before) fail("no entropy any more");
}

#endif
