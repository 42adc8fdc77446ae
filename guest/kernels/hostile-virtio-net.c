/* SPDX-License-Identifier: MIT */
/* A network card's driver that lies in each frame's header, offers room of a byte, of none and of 4 GiB, and
 * resets with frames under way. The card works again after each reset, and the other device never notices. */
#include "hostile-virtio.h"

#define CARD DISK
enum { TO_GUEST = 0, FROM_GUEST = 1 };

struct header {
  uint8_t flags, gso_type;
  uint16_t header_length, gso_size, checksum_start, checksum_offset, buffers;
};

static struct queue to_guest, from_guest;
static struct {
  struct header header;
  uint8_t bytes[65536];
} frame __attribute__((aligned(4096)));

static void start(uint32_t features) {
  clear(&to_guest);
  clear(&from_guest);
  set(CARD, STATUS, 0);
  set(CARD, STATUS, ACKNOWLEDGED | DRIVER);
  set(CARD, DRIVER_FEATURES_HALF, 0);
  set(CARD, DRIVER_FEATURES, features);
  set(CARD, DRIVER_FEATURES_HALF, 1);
  set(CARD, DRIVER_FEATURES, 1);
  set(CARD, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK);
  set_queue(CARD, TO_GUEST, place_of(&to_guest));
  set_queue(CARD, FROM_GUEST, place_of(&from_guest));
  set(CARD, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK);
}

/* All that a card has: both sides' checksums and segments, mergeable buffers, event indices, indirect tables.
 */
#define EVERYTHING (1u << 0 | 1u << 1 | 7u << 7 | 7u << 11 | 1u << 15 | 1u << 28 | 1u << 29)

/* A frame is taken, whatever becomes of it. */
static void send(uint32_t size) {
  const uint16_t before = from_guest.used.index;
  describe(&from_guest, 0, address_of(&frame), size, 0, 0);
  offer(&from_guest, 0);
  set(CARD, NOTIFY, FROM_GUEST);
  if (!changes(&from_guest.used.index, before)) fail("a frame is not taken");
}

static void card_works(void) {
  start(EVERYTHING);
  send(sizeof(frame.header) + 60);
  entropy_flows();
}

static void lying_headers(void) {
  static const uint16_t numbers[] = {0, 1, 13, 14, 34, 60, 1448, 32767, 32768, 65535};
  static const uint32_t sizes[] = {1, 11, 12, 13, 26, 72, 1514, 65536};
  const unsigned count = sizeof(numbers) / sizeof(numbers[0]);
  unsigned type, i, j;
  frame.bytes[12] = 8; /* IPv4, TCP */
  frame.bytes[14] = 0x45;
  frame.bytes[23] = 6;
  for (type = 0; type < 256; type = type < 8 ? type + 1 : type * 2) {
    for (i = 0; i < count; ++i) {
      for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); ++j) {
        frame.header.flags = (uint8_t)(i + j);
        frame.header.gso_type = (uint8_t)type;
        frame.header.header_length = numbers[(i + j) % count];
        frame.header.gso_size = numbers[i];
        frame.header.checksum_start = numbers[(i * 3 + j) % count];
        frame.header.checksum_offset = numbers[(i * 7 + j) % count];
        frame.header.buffers = numbers[j];
        send(sizes[j]);
      }
    }
  }
  entropy_flows();
}

static void lengths(void) {
  unsigned i;
  start(EVERYTHING);
  describe(&from_guest, 0, address_of(&frame), 0xffffffffu, 0, 0);
  offer(&from_guest, 0);
  set(CARD, NOTIFY, FROM_GUEST);
  if (!needs_reset(CARD)) fail("4 GiB to be sent");
  entropy_flows();

  start(EVERYTHING);
  describe(&to_guest, 0, address_of(&frame), 0xffffffffu, WRITE, 0);
  offer(&to_guest, 0);
  set(CARD, NOTIFY, TO_GUEST);
  if (!needs_reset(CARD)) fail("4 GiB of room");
  entropy_flows();

  start(EVERYTHING);
  for (i = 0; i < SIZE; ++i) {
    describe(&to_guest, i, address_of(&frame) + i, i & 1, WRITE, 0);
    offer(&to_guest, i);
  }
  set(CARD, NOTIFY, TO_GUEST);
  send(72);
  entropy_flows();
}

static void resets_in_flight(void) {
  unsigned round, i;
  for (round = 0; round < 100; ++round) {
    start(round % 2 == 0 ? EVERYTHING : 0);
    for (i = 0; i < SIZE; ++i) {
      describe(&from_guest, i, address_of(&frame), 1514, 0, 0);
      describe(&to_guest, i, address_of(&frame), sizeof(frame), WRITE, 0);
      offer(&from_guest, i);
      offer(&to_guest, i);
    }
    set(CARD, NOTIFY, FROM_GUEST);
    set(CARD, NOTIFY, TO_GUEST);
    for (i = 0; i < round * 20; ++i) __asm__ volatile("pause");
    set(CARD, STATUS, 0);
    if (get(CARD, STATUS) != 0) fail("a reset that is none");
  }
  entropy_flows();
}

void pvh_main(uint32_t start_info) {
  (void)hostile_start(start_info);
  card_works();
  lying_headers();
  lengths();
  card_works();
  resets_in_flight();
  card_works();
  hostile_survived();
}
