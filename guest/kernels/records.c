/* SPDX-License-Identifier: MIT */
/* Writes numbered sectors to its disk, a few at a time, and tells of each number once it is flushed: for the
 * test that kills the monitor (tests/system/disks.sh), which is there sooner with it than with a Linux. */
#include "hostile-virtio.h"

enum { FLUSH = 1u << 9, OUT = 1, FLUSH_REQUEST = 4, SECTOR = 512, TOGETHER = 5, CAPACITY = 0x100 };

struct request {
  struct {
    uint32_t type, reserved;
    uint64_t sector;
  } header;
  volatile uint8_t status;
  char data[SECTOR];
};

static struct queue queue;
static struct request requests[TOGETHER];

/* "record N", blanks, and a newline. */
static void fill(char* data, uint32_t number) {
  static const char kWord[] = "record ";
  char digits[10];
  unsigned count = 0, at, i;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  for (at = 0; at < sizeof(kWord) - 1; ++at) data[at] = kWord[at];
  for (i = 0; i < count; ++i) data[at++] = digits[count - 1 - i];
  while (at < SECTOR - 1) data[at++] = ' ';
  data[at] = '\n';
}

static void offer_request(unsigned index, uint32_t type, uint64_t sector) {
  struct request* const request = &requests[index];
  const unsigned first = index * 3;
  request->header.type = type;
  request->header.sector = sector;
  request->status = 0xff;
  describe(&queue, first, address_of(&request->header), sizeof(request->header), NEXT, first + 1);
  if (type == OUT)
    describe(&queue, first + 1, address_of(request->data), SECTOR, NEXT, first + 2);
  else
    describe(&queue, first, address_of(&request->header), sizeof(request->header), NEXT, first + 2);
  describe(&queue, first + 2, address_of(&request->status), 1, WRITE, 0);
  offer(&queue, first);
}

/* Until the disk has done all that it was asked. */
static void finish(unsigned count) {
  unsigned i;
  set(DISK, NOTIFY, 0);
  while (*(volatile uint16_t*)&queue.used.index != queue.available.index) __asm__ volatile("pause");
  for (i = 0; i < count; ++i) {
    if (requests[i].status != 0) fail("an I/O error");
  }
}

static void tell(uint32_t number) {
  char digits[SECTOR];
  unsigned end = sizeof("record ") - 1;
  fill(digits, number);
  while (digits[end] != ' ') ++end;
  digits[end] = '\0';
  pvh_print("@flushed ");
  pvh_print(digits + sizeof("record ") - 1);
  pvh_print("\n");
}

void pvh_main(uint32_t start_info) {
  uint32_t number = 0, sectors, i;
  (void)start_info;
  clear(&queue);
  bring_up_with(DISK, FLUSH, place_of(&queue));
  sectors = get(DISK, CAPACITY);
  while (number + TOGETHER <= sectors) {
    for (i = 0; i < TOGETHER; ++i) {
      fill(requests[i].data, number + i);
      offer_request(i, OUT, number + i);
    }
    finish(TOGETHER);
    offer_request(0, FLUSH_REQUEST, 0);
    finish(1);
    number += TOGETHER;
    tell(number - 1);
  }
  pvh_halt();
}
