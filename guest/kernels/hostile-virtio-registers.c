/* SPDX-License-Identifier: MIT */
/* Every register of both devices, read and written in every width, in every state that a device can be in;
 * and states in every order. Both work afterwards. */
#include "hostile-virtio.h"

static struct queue queue;

static const uint32_t values[] = {0,      1,          2,           0x40,        0x80,       0xff,
                                  0xffff, 0x7fffffff, 0x80000000u, 0xffffffffu, 0xfeb00000u};

static void touch_all(uint32_t device) {
  uint32_t offset;
  size_t i;
  for (offset = 0; offset < 0x200; offset += 4) {
    (void)get(device, offset);
    (void)*(volatile uint8_t*)(uintptr_t)(device + offset + 1);
    (void)*(volatile uint16_t*)(uintptr_t)(device + offset + 1);
    (void)*(volatile uint64_t*)(uintptr_t)(device + offset);
    *(volatile uint8_t*)(uintptr_t)(device + offset) = 0x5a;
    *(volatile uint16_t*)(uintptr_t)(device + offset + 2) = 0x5a5a;
    *(volatile uint64_t*)(uintptr_t)(device + offset) = 0x5a5a5a5a5a5a5a5aull;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); ++i) {
      if (offset == STATUS && values[i] == 0) continue; /* that would be another state */
      set(device, offset, values[i]);
    }
  }
}

static void in_every_state(uint32_t device) {
  static const uint32_t states[] = {
      0, ACKNOWLEDGED, ACKNOWLEDGED | DRIVER, ACKNOWLEDGED | DRIVER | FEATURES_OK, DRIVER_OK, 0xff};
  size_t i;
  for (i = 0; i < sizeof(states) / sizeof(states[0]); ++i) {
    set(device, STATUS, 0);
    set(device, STATUS, states[i]);
    touch_all(device);
  }
  clear(&queue);
  bring_up(device, place_of(&queue));
  touch_all(device);
  queue.available.index = 999; /* breaks it */
  set(device, NOTIFY, 0);
  if (!needs_reset(device)) fail("a broken queue");
  touch_all(device);
}

static void states_in_every_order(uint32_t device) {
  uint32_t order;
  for (order = 0; order < 4096; ++order) {
    uint32_t rest;
    for (rest = order; rest != 0; rest >>= 4) set(device, STATUS, 1u << (rest & 7));
    set(device, QUEUE_SELECT, order);
    set(device, QUEUE_READY, order & 1);
    set(device, NOTIFY, order & 3);
    if (order % 3 == 0) set(device, STATUS, 0);
  }
}

void pvh_main(uint32_t start_info) {
  (void)hostile_start(start_info);
  in_every_state(DISK);
  in_every_state(ENTROPY);
  states_in_every_order(DISK);
  states_in_every_order(ENTROPY);
  entropy_flows();
  clear(&queue);
  bring_up(DISK, place_of(&queue));
  if (get(DISK, STATUS) != (ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK)) fail("the disk does not start");
  hostile_survived();
}
