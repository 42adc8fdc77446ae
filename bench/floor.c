/* The floor of a start: the KVM calls that any monitor must make for one virtual CPU, one memory slot and the
   interrupt controllers that ours has (local APICs in the kernel), and nothing else. No command line, no
   kernel file, no memory map, no CPUID, no checks that cost a call. Its guest's only instruction writes a
   byte to the serial port; the byte is passed on, and that is all.

   Usage: floor [MEBIBYTES]   size of the guest's memory; 512, as a guest of pvh has where nobody says more */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENTRY 0x100000
#define IO_APIC_PINS 48
#define CODE_TYPE 11
#define DATA_TYPE 3

static int try(int result, const char* what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

static void* try_map(void* place, const char* what) {
  if (place != MAP_FAILED) return place;
  perror(what);
  exit(1);
}

/* mov dx, 0x3f8; mov al, '!'; out dx, al */
static const unsigned char guest[] = {0x66, 0xba, 0xf8, 0x03, 0xb0, '!', 0xee};

static struct kvm_segment flat(unsigned char type, unsigned short selector) {
  struct kvm_segment segment;
  memset(&segment, 0, sizeof segment);
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = segment.db = segment.s = segment.g = 1;
  return segment;
}

/* The entry state of the direct boot contract. */
static void enter(int cpu) {
  struct kvm_sregs special;
  try(ioctl(cpu, KVM_GET_SREGS, &special), "KVM_GET_SREGS");
  special.cs = flat(CODE_TYPE, 8);
  special.ds = special.es = special.ss = special.fs = special.gs = flat(DATA_TYPE, 16);
  special.cr0 = 0x11;
  try(ioctl(cpu, KVM_SET_SREGS, &special), "KVM_SET_SREGS");
  struct kvm_regs registers;
  memset(&registers, 0, sizeof registers);
  registers.rip = ENTRY;
  registers.rflags = 2;
  try(ioctl(cpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

int main(int count, char** arguments) {
  const size_t size = (count > 1 ? strtoul(arguments[1], NULL, 10) : 512) << 20;
  const int kvm = try(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
  const int vm = try(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");

  unsigned char* memory =
      try_map(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
              "guest memory");
  memcpy(memory + ENTRY, guest, sizeof guest);
  const struct kvm_userspace_memory_region slot = {.memory_size = size,
                                                   .userspace_addr = (unsigned long)memory};
  try(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");

  const struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IO_APIC_PINS}};
  try(ioctl(vm, KVM_ENABLE_CAP, &split), "KVM_CAP_SPLIT_IRQCHIP");
  const int cpu = try(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
  const int run_size = try(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
  const struct kvm_run* run = try_map(
      mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0), "the virtual CPU's page");
  enter(cpu);

  try(ioctl(cpu, KVM_RUN, 0), "KVM_RUN");
  if (run->exit_reason != KVM_EXIT_IO) {
    fprintf(stderr, "the guest left for reason %u instead of writing to its port\n", run->exit_reason);
    return 1;
  }
  return write(STDOUT_FILENO, (const char*)run + run->io.data_offset, 1) == 1 ? 0 : 1;
}
