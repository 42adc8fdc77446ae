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
#include "first_steps.hpp"
#include "pvh/board/board.hpp"
#include "pvh/kvm/early.hpp"
#include "raw_call.hpp"

namespace pvh::kvm {

namespace early {

constinit State state;

}  // namespace early

namespace {

using namespace early;

alignas(16) std::array<char, 16384> stack;

void map_guess() {
  // What lies above the hole would be a piece of its own.
  if (state.memory_size == 0 || state.memory_size > board::kMmioHoleStart.value()) return;
  // Where address space is short, libc goes first: it crashes where it finds none.
  for (const int kind : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit;
    if (raw_call(SYS_prlimit64, 0, kind, 0, raw_address(&limit)) < 0 || limit.rlim_cur != RLIM_INFINITY)
      return;
  }
  const long place = raw_call(SYS_mmap, 0, static_cast<long>(state.memory_size), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place > 0) state.memory = reinterpret_cast<std::byte*>(place);
}

void tell_made(Step step) {
  state.made.store(step, std::memory_order_release);
  raw_call(SYS_futex, raw_address(&state.made), FUTEX_WAKE_PRIVATE, 1);
}

bool set_region(const kvm_userspace_memory_region& region) {
  long result = 0;
  do result = raw_call(SYS_ioctl, state.steps.vm, KVM_SET_USER_MEMORY_REGION, raw_address(&region));
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
  raw_call(SYS_munmap, raw_address(state.memory), static_cast<long>(state.memory_size));
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
  state.steps = take_first_steps();
  if (state.steps.failed != FirstStep::kDone) return tell_made(kCancelled);
  map_guess();
  tell_made(kReady);
  const bool guessed = state.memory != nullptr && set_region(guessed_region());
  while (state.asked.load(std::memory_order_acquire) == kPending)
    raw_call(SYS_futex, raw_address(&state.asked), FUTEX_WAIT_PRIVATE, kPending);
  if (state.asked.load(std::memory_order_acquire) == kReady) return add_memory(guessed);
  close_all(state.steps);
  drop_guess();
}

/// Linux tends to start it where its maker runs, who would have to wait first.
void to_another_cpu(long thread) {
  const long size = raw_call(SYS_sched_getaffinity, 0, sizeof state.allowed, raw_address(&state.allowed));
  unsigned int here = 0;
  if (size <= 0 || raw_call(SYS_getcpu, raw_address(&here)) < 0) return;
  std::uint64_t& word = state.allowed[here / 64 % kCpuWords];
  const std::uint64_t before = word;
  word &= ~(std::uint64_t{1} << here % 64);
  raw_call(SYS_sched_setaffinity, thread, size, raw_address(&state.allowed));
  word = before;
}

void start_thread() {
  constexpr long kFlags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  state.lives.store(1, std::memory_order_relaxed);
  state.made.store(kPending, std::memory_order_relaxed);
  char* const top = stack.data() + stack.size();
  long result = SYS_clone;
  register long child_word asm("r10") = raw_address(&state.lives);
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
  state.made.store(kCancelled, std::memory_order_relaxed);
}

/// Whether the user's descriptors are there: or one of ours would be taken for theirs.
bool standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (raw_call(SYS_fcntl, standard, F_GETFD) < 0) return false;
  return true;
}

}  // namespace

void begin_early_machine(std::uint64_t memory) {
  if (!standard_descriptors()) return;
  state.memory_size = memory;
  // No handler of the program's may run on a thread that libc does not know.
  const std::uint64_t all = ~std::uint64_t{0};
  std::uint64_t before = 0;
  raw_call(SYS_rt_sigprocmask, SIG_SETMASK, raw_address(&all), raw_address(&before), sizeof all);
  start_thread();
  raw_call(SYS_rt_sigprocmask, SIG_SETMASK, raw_address(&before), 0, sizeof before);
}

}  // namespace pvh::kvm
