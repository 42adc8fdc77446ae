// The thread that begins a machine before libc is ready. No function of libc's is called here, nor by the
// compiler (pvh_before_libc has its options, tests/before_libc_test.sh checks the object); there are no
// errno, no thread-local variables, and no table of pointers, since libc has not relocated the program yet.

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "early/early_state.hpp"
#include "pvh/board/board.hpp"
#include "pvh/kvm/early.hpp"
#include "system.hpp"
#include "x86/io_apic.hpp"

namespace pvh::kvm {

namespace early {

constinit State state;

}  // namespace early

namespace {

using namespace early;

alignas(16) std::array<char, 16384> stack;

long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

long raw_ioctl(int fd, unsigned long request, long argument) {
  return raw(SYS_ioctl, fd, static_cast<long>(request), argument);
}

long address_of(const volatile void* thing) {
  return reinterpret_cast<long>(thing);
}

bool make_machine() {
  state.system = static_cast<int>(raw(SYS_openat, AT_FDCWD, address_of(kDevice), O_RDWR | O_CLOEXEC));
  if (state.system < 0 || raw_ioctl(state.system, KVM_GET_API_VERSION, 0) != kApiVersion) return false;
  state.vm = static_cast<int>(raw_ioctl(state.system, KVM_CREATE_VM, 0));
  if (state.vm < 0) return false;
  if (raw_ioctl(state.vm, KVM_SET_TSS_ADDR, static_cast<long>(kScratch.value())) < 0) return false;
  kvm_enable_cap split;
  for (auto& argument : split.args) argument = 0;
  for (auto& byte : split.pad) byte = 0;
  split.cap = KVM_CAP_SPLIT_IRQCHIP;
  split.flags = 0;
  split.args[0] = IoApics::kLines;
  if (raw_ioctl(state.vm, KVM_ENABLE_CAP, address_of(&split)) < 0) return false;
  state.cpu = static_cast<int>(raw_ioctl(state.vm, KVM_CREATE_VCPU, 0));
  return state.cpu >= 0;
}

void map_guess() {
  // What lies above the hole would be a piece of its own.
  if (state.memory_size == 0 || state.memory_size > board::kMmioHoleStart.value()) return;
  // Where address space is short, libc goes first: it crashes where it finds none.
  for (const int kind : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit;
    if (raw(SYS_prlimit64, 0, kind, 0, address_of(&limit)) < 0 || limit.rlim_cur != RLIM_INFINITY) return;
  }
  const long place = raw(SYS_mmap, 0, static_cast<long>(state.memory_size), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place > 0) state.memory = reinterpret_cast<std::byte*>(place);
}

void close_one(int& fd) {
  if (fd >= 0) raw(SYS_close, fd);
  fd = -1;
}

void close_all() {
  close_one(state.cpu);
  close_one(state.vm);
  close_one(state.system);
}

void tell_made(Step step) {
  state.made.store(step, std::memory_order_release);
  raw(SYS_futex, address_of(&state.made), FUTEX_WAKE_PRIVATE, 1);
}

bool set_region(const kvm_userspace_memory_region& region) {
  long result = 0;
  do result = raw_ioctl(state.vm, KVM_SET_USER_MEMORY_REGION, address_of(&region));
  while (result == -EINTR);
  if (result < 0) state.error = static_cast<int>(-result);
  return result >= 0;
}

kvm_userspace_memory_region guessed_region() {
  return {.slot = 0,
          .flags = 0,
          .guest_phys_addr = 0,
          .memory_size = state.memory_size,
          .userspace_addr = reinterpret_cast<std::uintptr_t>(state.memory)};
}

void drop_guess() {
  if (state.memory == nullptr) return;
  raw(SYS_munmap, address_of(state.memory), static_cast<long>(state.memory_size));
  state.memory = nullptr;
}

/// `guessed`: slot 0 has been given the guessed memory.
void add_memory(bool guessed) {
  if (state.memory_taken) return;  // and `error` is its
  state.error = 0;
  if (guessed) {
    kvm_userspace_memory_region none = guessed_region();
    none.memory_size = 0;
    if (!set_region(none)) return;
  }
  drop_guess();
  for (std::size_t i = 0; i < state.region_count; ++i)
    if (!set_region(state.regions[i])) return;
}

/// The early thread.
extern "C" [[gnu::used]] void pvh_early_thread() {
  if (!make_machine()) {
    close_all();
    return tell_made(kNever);
  }
  map_guess();
  tell_made(kDone);
  const bool guessed = state.memory != nullptr && set_region(guessed_region());
  while (state.asked.load(std::memory_order_acquire) == kNotYet)
    raw(SYS_futex, address_of(&state.asked), FUTEX_WAIT_PRIVATE, kNotYet);
  if (state.asked.load(std::memory_order_acquire) == kDone) return add_memory(guessed);
  close_all();
  drop_guess();
}

/// Linux tends to start it where its maker runs, who would have to wait first.
void to_another_cpu(long thread) {
  const long size = raw(SYS_sched_getaffinity, 0, sizeof state.allowed, address_of(&state.allowed));
  unsigned int here = 0;
  if (size <= 0 || raw(SYS_getcpu, address_of(&here)) < 0) return;
  std::uint64_t& word = state.allowed[here / 64 % kCpuWords];
  const std::uint64_t before = word;
  word &= ~(std::uint64_t{1} << here % 64);
  raw(SYS_sched_setaffinity, thread, size, address_of(&state.allowed));
  word = before;
}

void start_thread() {
  constexpr long kFlags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  state.lives.store(1, std::memory_order_relaxed);
  state.made.store(kNotYet, std::memory_order_relaxed);
  char* const top = stack.data() + stack.size();
  long result = SYS_clone;
  register long child_word asm("r10") = address_of(&state.lives);
  register long local_storage asm("r8") = 0;
  // The new thread comes out of the call with nothing but its stack.
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "call pvh_early_thread\n\t"
      "xor %%edi, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n"
      "1:"
      : "+a"(result)
      : "D"(kFlags), "S"(top), "d"(0L), "r"(child_word), "r"(local_storage), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory");
  if (result > 0) return to_another_cpu(result);
  state.lives.store(0, std::memory_order_relaxed);
  state.made.store(kNever, std::memory_order_relaxed);
}

/// Whether the user's descriptors are there: or one of ours would be taken for theirs.
bool standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (raw(SYS_fcntl, standard, F_GETFD) < 0) return false;
  return true;
}

}  // namespace

void begin_early_machine(std::uint64_t memory) {
  if (!standard_descriptors()) return;
  state.memory_size = memory;
  // No handler of the program's may run on a thread that libc does not know.
  const std::uint64_t all = ~std::uint64_t{0};
  std::uint64_t before = 0;
  raw(SYS_rt_sigprocmask, SIG_SETMASK, address_of(&all), address_of(&before), sizeof all);
  start_thread();
  raw(SYS_rt_sigprocmask, SIG_SETMASK, address_of(&before), 0, sizeof before);
}

}  // namespace pvh::kvm
