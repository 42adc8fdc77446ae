/* SPDX-License-Identifier: MIT */
/* Output to whichever of COM1, port 0xe9 and Xen's console is there. */
#include "cpu.h"
#include "decimal.h"
#include "physical.h"
#include "pvh/guest/machine.h"
#include "xen.h"

enum {
  COM1 = 0x3f8,
  COM_DATA = 0,
  COM_FIFO = 2,
  COM_LINE = 3,
  COM_MODEM = 4,
  COM_STATUS = 5,
  COM_SCRATCH = 7
};
enum { COM_READY = 0x20, COM_FIFO_ON = 0xc0, COM_FIFO_SIZE = 16 };
enum { E9 = 0xe9 };

/*
 * How long a device is waited for, in ticks: one that was never ready must not hang the kernel, but where one
 * was, whoever reads its line is busy or stopped, and bytes that do not wait for him are lost.
 */
#define NEVER_READY_PATIENCE ((uint64_t)1 << 28) /* 50 to 270 ms */
#define STALLED_PATIENCE ((uint64_t)1 << 37)     /* 27 to 140 s */

/* Xen's ring: input, then output, then their four positions. Only output is used. */
struct ring {
  char in[1024];
  char out[2048];
  uint32_t in_consumed, in_produced, out_consumed, out_produced;
};

static unsigned consoles;
static int looked;
static size_t com1_room = 1; /* bytes that a ready COM1 takes */
static uint64_t com1_patience = NEVER_READY_PATIENCE;
static uint64_t xen_patience = NEVER_READY_PATIENCE;
static volatile struct ring* xen_ring;
static uint32_t xen_port;

static unsigned find_xen_ring(void) {
  const uint64_t page = pvh_xen_parameter(XEN_HVM_PARAM_CONSOLE_PFN);
  if (page == 0 || page >= 0x100000) return 0;
  xen_ring = pvh_physical(page << 12);
  xen_port = (uint32_t)pvh_xen_parameter(XEN_HVM_PARAM_CONSOLE_EVTCHN);
  return PVH_CONSOLE_XEN;
}

static unsigned find_com1(void) {
  out8(COM1 + COM_SCRATCH, 0x5a);
  if (in8(COM1 + COM_SCRATCH) != 0x5a) return 0;
  out8(COM1 + COM_LINE, 0x80);
  out8(COM1 + 0, 1); /* 115200 */
  out8(COM1 + 1, 0);
  out8(COM1 + COM_LINE, 0x03); /* 8 bits, no parity, one stop bit */
  out8(COM1 + COM_MODEM, 0x03);
  out8(COM1 + COM_FIFO, 1);
  if ((in8(COM1 + COM_FIFO) & COM_FIFO_ON) == COM_FIFO_ON) com1_room = COM_FIFO_SIZE;
  return PVH_CONSOLE_COM1;
}

unsigned pvh_console_init(void) {
  if (looked) return consoles;
  looked = 1;
  consoles = find_com1();
  if (in8(E9) == E9) consoles |= PVH_CONSOLE_E9;
  if (pvh_on_xen()) consoles |= PVH_CONSOLE_E9 | find_xen_ring();
  return consoles;
}

void pvh_console_select(unsigned set) {
  consoles = pvh_console_init() & set;
}

/* It is waited for in vain only once: then each send looks whether it is ready again. */
static void await(int (*is_ready)(void), uint64_t* patience) {
  if (!is_ready()) {
    const uint64_t start = ticks();
    while (!is_ready()) {
      if (ticks() - start < *patience) continue;
      *patience = 0;
      return;
    }
  }
  *patience = STALLED_PATIENCE;
}

static int com1_is_ready(void) {
  return (in8(COM1 + COM_STATUS) & COM_READY) != 0;
}

/* Its status is asked for once a FIFO: where a monitor serves each access, that is half of all of them. */
static void com1_send(const char* text, size_t size) {
  while (size > 0) {
    const size_t now = size < com1_room ? size : com1_room;
    await(com1_is_ready, &com1_patience);
    out8s(COM1 + COM_DATA, text, now);
    text += now;
    size -= now;
  }
}

static size_t before_newline(const char* text, size_t size) {
  const char* at = text;
  size_t left = size;
  if (size == 0) return 0;
  __asm__ volatile("repne scasb" : "+D"(at), "+c"(left) : "a"('\n') : "cc", "memory");
  return at[-1] == '\n' ? (size_t)(at - text) - 1 : size;
}

static void com1_write(const char* text, size_t size) {
  while (size > 0) {
    size_t line = before_newline(text, size);
    com1_send(text, line);
    if (line < size) com1_send("\r\n", 2), ++line;
    text += line;
    size -= line;
  }
}

static int xen_ring_has_room(void) {
  static unsigned looks;
  if (xen_ring->out_produced - xen_ring->out_consumed < sizeof(xen_ring->out)) return 1;
  /* The reader is a process of dom0: wake it, and wait. */
  if (looks++ % 65536 == 0) pvh_xen_notify(xen_port);
  __asm__ volatile("pause");
  return 0;
}

static void xen_write(const char* text, size_t size) {
  size_t i;
  for (i = 0; i < size; ++i) {
    const uint32_t produced = xen_ring->out_produced;
    await(xen_ring_has_room, &xen_patience);
    xen_ring->out[produced % sizeof(xen_ring->out)] = text[i];
    full_barrier();
    xen_ring->out_produced = produced + 1;
  }
  pvh_xen_notify(xen_port);
}

void pvh_write(const char* text, size_t size) {
  const unsigned to = pvh_console_init();
  if (to & PVH_CONSOLE_COM1) com1_write(text, size);
  if (to & PVH_CONSOLE_E9) out8s(E9, text, size);
  if (to & PVH_CONSOLE_XEN) xen_write(text, size);
}

void pvh_print(const char* text) {
  size_t size = 0;
  while (text[size] != 0) ++size;
  pvh_write(text, size);
}

void pvh_print_hex(uint64_t value) {
  char text[18];
  size_t at = sizeof(text);
  do {
    text[--at] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value != 0);
  text[--at] = 'x';
  text[--at] = '0';
  pvh_write(text + at, sizeof(text) - at);
}

void pvh_print_decimal(uint64_t value) {
  char text[20];
  const char* first = pvh_decimal(value, text);
  pvh_write(first, (size_t)(text + sizeof(text) - first));
}
