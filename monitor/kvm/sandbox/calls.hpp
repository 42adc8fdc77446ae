// Which system calls each kind of thread may make once the guest runs. The filters are made of these lists
// when the monitor is built (write_filters.cpp); what a list does not have ends the process.
//
// To let a thread do one thing more, add a line with its reason to the list of its kind.
#pragma once

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "pvh/backend/vhost_calls.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "this_process.hpp"

namespace pvh::kvm::sandbox {

/// An argument of which the bits in `mask` must be `value`.
struct Condition {
  unsigned argument;
  std::uint64_t mask;
  std::uint64_t value;
};

/// A system call that is allowed, under all of the conditions. A call may stand in a list more than once.
struct Allowed {
  std::string_view call;
  std::string_view why;
  std::vector<Condition> conditions = {};
};

/// The whole argument.
inline Condition equal(unsigned argument, std::uint64_t value) {
  return {.argument = argument, .mask = ~std::uint64_t{0}, .value = value};
}
inline Condition without(unsigned argument, std::uint64_t bits) {
  return {.argument = argument, .mask = bits, .value = 0};
}
inline Allowed request(unsigned long number, std::string_view why) {
  return {.call = "ioctl", .why = why, .conditions = {equal(1, number)}};
}

/// KVM's calls with a table, as system.cpp makes them.
inline constexpr unsigned long kSetGsiRouting = 0x4008ae6a;

/// What the C++ and C libraries do of themselves, and what a crash of our own still does for the terminal.
inline std::vector<Allowed> for_every_thread() {
  return {
      {"futex", "locks, and the wait for a thread's end"},
      {"sched_yield", "a short wait for another thread"},
      {"brk", "memory of our own"},
      {"mmap",
       "memory of our own",
       {without(2, PROT_EXEC), {.argument = 3, .mask = MAP_ANONYMOUS, .value = MAP_ANONYMOUS}}},
      {"mprotect", "the C library's heap of a thread grows so", {without(2, PROT_EXEC)}},
      {"munmap", "memory is given back"},
      {"madvise", "a thread's stack is given back"},
      {"clock_gettime", "where the host's clock cannot be read without a call"},
      {"gettimeofday", "the same"},
      {"time", "the same"},
      {"write", "output, and waking another thread"},
      {"writev", "the C library's last words before it aborts", {equal(0, 2)}},
      {"rt_sigprocmask", "around settings of the terminal, sending of signals and a thread's end"},
      {"rt_sigaction", "handlers are put back at the end"},
      {"rt_sigreturn", "the end of a handler"},
      {"restart_syscall", "goes on with a wait after SIGSTOP and SIGCONT"},
      {"getpid", "to send a signal to a thread of ours"},
      {"gettid", "the same"},
      {"tgkill", "the same, and raise() and abort()", {equal(0, kThisProcess)}},
      {"exit", "a thread's end"},
      {"exit_group", "the end"},
      request(TCGETS, "is it a terminal, and how is it set"),
      request(TCSETS, "the terminal is restored, after a crash by whichever thread it was"),
      request(TCGETS2, "newer C libraries' TCGETS"),
      request(TCSETS2, "newer C libraries' TCSETS"),
      request(KVM_SIGNAL_MSI, "a device interrupts the guest"),
      request(kSetGsiRouting, "the guest has programmed an I/O APIC"),
  };
}

/// A virtual CPU's thread: the guest, and the devices on its behalf.
inline std::vector<Allowed> for_cpu() {
  return {
      request(KVM_RUN, "the guest"),
      request(KVM_IRQFD, "the guest starts a virtio device, which is connected now"),
      request(KVM_IOEVENTFD, "the same"),
      {"io_uring_enter", "the guest resets a disk: what is under way is waited for"},
      {"read", "the same, where threads transfer"},
      request(TUNSETOFFLOAD, "the driver of a network card is ready, and has accepted this much"),
      request(VHOST_SET_FEATURES, "the same, where the kernel serves its queues"),
      request(VHOST_SET_MEM_TABLE, "the same"),
      request(VHOST_SET_VRING_NUM, "the same"),
      request(VHOST_SET_VRING_BASE, "the same"),
      request(VHOST_SET_VRING_ADDR, "the same"),
      request(VHOST_SET_VRING_KICK, "the same"),
      request(VHOST_SET_VRING_CALL, "the same"),
      request(VHOST_SET_VRING_ERR, "the same"),
      request(VHOST_NET_SET_BACKEND, "the same, and its reset"),
      request(VHOST_VSOCK_SET_RUNNING, "the same, of sockets"),
  };
}

/// The thread that serves virtio devices, and those that transfer for a disk where there is no io_uring.
inline std::vector<Allowed> for_devices() {
  return {
      {"poll", "waits for notifications of the guest and for the host"},
      {"read", "takes a notification"},
      {"io_uring_enter", "a disk's transfers"},
      {"readv", "frames for a network card of the guest's"},
      {"writev", "its frames, to there"},
      {"preadv", "a disk's transfers, without io_uring"},
      {"pwritev", "the same"},
      {"pwritev2", "the same"},
      {"fdatasync", "the same"},
      {"fallocate", "the same"},
      {"newfstatat", "whether a disk's file became shorter", {equal(3, AT_EMPTY_PATH)}},
      {"fstat", "the same, with other C libraries"},
      {"getrandom", "random numbers for the guest"},
      request(VHOST_NET_SET_BACKEND, "at the end: the kernel lets go of the guest's memory"),
      request(VHOST_VSOCK_SET_RUNNING, "the same, of sockets"),
  };
}

/// The thread that serves the user, sees to the end and tells of it.
inline std::vector<Allowed> for_supervisor() {
  return {
      {"poll", "waits for keys, room for output, signals and the guest"},
      {"read", "keys, signals, and being woken by another thread"},
      {"recvfrom", "keys from a socket", {equal(4, 0)}},
      {"sendto", "output to a socket, where it is connected to", {equal(4, 0)}},
      {"close", "at the end"},
      {"close_range", "what the process has open and the run does not need"},
      {"prlimit64", "how many that can be, where there is no close_range", {equal(2, 0)}},
      {"eventfd2", "what the CPUs' threads wake us with"},
      {"fcntl", "whether a descriptor waits, as it was", {equal(1, F_GETFL)}},
      {"fcntl", "the same", {equal(1, F_SETFL)}},
      {"wait4", "at the end: the process behind a user-mode network has ended, too"},
      {"getpgrp", "whether the terminal is ours now"},
      request(TIOCGPGRP, "the same"),
      {"getrandom", "random numbers for the guest, where its devices have no thread of their own"},
      request(KVM_GET_MP_STATE, "the report of a crash"),
      request(KVM_GET_REGS, "the same"),
      request(KVM_GET_SREGS, "the same"),
      request(KVM_TRANSLATE, "the same: the bytes at the instruction pointer"),
  };
}

}  // namespace pvh::kvm::sandbox
