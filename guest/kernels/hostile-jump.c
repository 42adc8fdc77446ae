/* SPDX-License-Identifier: MIT */
/* Goes where there is nothing to run; the command line says where. None of it comes to an end of its own. */
#include "hostile.h"

static void go(uint32_t address) {
  __asm__ volatile("jmp *%0" : : "r"(address));
}

/* What an instruction needs of memory, where there is none: a stack, an interrupt table, page tables. */
static void without_memory(const struct hostile* self, uint32_t hole) {
  if (hostile_is(self, "stack")) __asm__ volatile("movl %0, %%esp; 1: pushl %%eax; jmp 1b" : : "r"(hole));
  if (hostile_is(self, "tables")) {
    __asm__ volatile(
        "movl %0, %%cr3\n\t"
        "movl %%cr0, %%eax\n\t"
        "orl $0x80000000, %%eax\n\t"
        "movl %%eax, %%cr0\n\t"
        "1: jmp 1b"
        :
        : "r"(hole)
        : "eax");
  }
  if (hostile_is(self, "interrupts")) {
    const struct __attribute__((packed)) {
      uint16_t limit;
      uint32_t base;
    } pointer = {0x7ff, hole};
    __asm__ volatile("lidt %0; int $0x20" : : "m"(pointer));
  }
  if (hostile_is(self, "segments")) {
    const struct __attribute__((packed)) {
      uint16_t limit;
      uint32_t base;
    } pointer = {0xffff, hole};
    __asm__ volatile("lgdt %0; ljmp $0x1238, $0" : : "m"(pointer));
  }
}

void pvh_main(uint32_t start_info) {
  const struct hostile self = hostile_start(start_info);
  const uint32_t end = (uint32_t)self.ram_end;
  volatile uint8_t* const last = (volatile uint8_t*)(uintptr_t)(end - 1);
  if (hostile_is(&self, "hole")) go(0xd0000000);
  if (hostile_is(&self, "rom")) go(0xf8000);
  if (hostile_is(&self, "window")) go(VIRTIO_WINDOW);
  if (hostile_is(&self, "io-apic")) go(IO_APIC);
  if (hostile_is(&self, "local-apic")) go(LOCAL_APIC);
  if (hostile_is(&self, "top")) go(0xffffffff);
  if (hostile_is(&self, "zero")) go(0);
  if (hostile_is(&self, "end")) go(end);
  if (hostile_is(&self, "last")) {
    *last = 0x90; /* nop: the next one lies beyond */
    go(end - 1);
  }
  if (hostile_is(&self, "straddle")) {
    *last = 0xb8; /* mov eax, four bytes that are not there */
    go(end - 1);
  }
  without_memory(&self, end + 0x100000);
  pvh_print("no such attack\n");
}
