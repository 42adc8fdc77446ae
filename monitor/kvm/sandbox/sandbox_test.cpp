// A child confines itself, and then does what it may, or what it must not.
#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "pvh/base/unique_fd.hpp"
#include "pvh/system/side_pipe.hpp"

namespace pvh::kvm::sandbox {
namespace {

/// What became of a child that did `what`: its exit code, or 128 + the signal that ended it.
int fate_of(const std::function<bool()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

constexpr int kKilled = 128 + SIGSYS;
constexpr int kDone = 0;

class Sandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!kHere) GTEST_SKIP() << "NO SANDBOX IN THIS BUILD: sanitizers make system calls of their own";
  }

  static bool confine(Thread kind, std::vector<int> kept = {0, 1, 2}) {
    close_all_but(std::move(kept));
    return give_up_rights().has_value() && confine_thread(kind).has_value();
  }
  static int confined(Thread kind, const std::function<bool()>& what) {
    return fate_of([&] { return confine(kind) && what(); });
  }
};

struct Attempt {
  std::string name;
  std::function<void()> what;
};

/// In the child nothing but the call itself may happen, so each is prepared outside of it.
std::vector<Attempt> attempts() {
  static const pid_t parent = ::getpid();
  static char program[] = "/bin/true";
  static std::array<char*, 2> arguments = {program, nullptr};
  static char* nothing = nullptr;
  static std::array<std::byte, 64> bytes{};
  static const iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  static sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
  return {
      {"open", [] { ::open("/dev/null", O_RDONLY); }},
      {"open by openat2", [] { ::syscall(SYS_openat2, AT_FDCWD, "/dev/null", bytes.data(), 24); }},
      {"socket", [] { ::socket(AF_INET, SOCK_STREAM, 0); }},
      {"send to an address",
       [] { ::sendto(1, bytes.data(), 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address); }},
      {"execve", [] { ::execve(program, arguments.data(), &nothing); }},
      {"fork", [] { ::fork(); }},
      {"clone3", [] { ::syscall(SYS_clone3, bytes.data(), bytes.size()); }},
      {"ptrace", [] { ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }},
      {"read another's memory", [] { ::process_vm_readv(parent, &piece, 1, &piece, 1, 0); }},
      {"kill", [] { ::kill(parent, 0); }},
      {"a signal to another's thread", [] { ::syscall(SYS_tgkill, parent, parent, 0); }},
      {"memory to be run",
       [] {
         [[maybe_unused]] void* const at =
             ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       }},
      {"making memory run", [] { ::mprotect(nullptr, 4096, PROT_READ | PROT_EXEC); }},
      {"a new machine", [] { ::ioctl(0, KVM_CREATE_VM, 0); }},
      {"typing for others", [] { ::ioctl(0, TIOCSTI, "x"); }},
      {"prctl", [] { ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
      {"io_uring", [] { ::syscall(SYS_io_uring_setup, 1, bytes.data()); }},
      {"bpf", [] { ::syscall(SYS_bpf, 0, bytes.data(), bytes.size()); }},
      {"duplicate a descriptor", [] { ::fcntl(0, F_DUPFD, 10); }},
      {"a system call that there is not", [] { ::syscall(100000); }},
      {"getpid by x32's number", [] { ::syscall(0x40000000 + SYS_getpid); }},
      {"exit by i386's number", [] { __asm__ volatile("int $0x80"
                                                      :
                                                      : "a"(1), "b"(0)
                                                      : "memory"); }},
  };
}

TEST_F(Sandbox, TheDevicesThreadLearnsOfTheEndOfAnotherProgram) {
  const auto learns = [] {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_NONBLOCK) != 0) return false;
    system::SidePipe words{UniqueFd(ends[0]), ""};
    ::close(ends[1]);
    if (!confine(Thread::kDevices, {0, 1, 2, ends[0]})) return false;
    words.serve();
    ::_exit(words.descriptor() < 0 ? kDone : 1);  // the pipe is closed by whoever ends the run
  };
  EXPECT_EQ(fate_of(learns), kDone);
}

TEST_F(Sandbox, WhatNoThreadNeedsEndsTheProcess) {
  for (const Thread kind : {Thread::kCpu, Thread::kSupervisor}) {
    for (const Attempt& attempt : attempts()) {
      EXPECT_EQ(confined(kind,
                         [&] {
                           attempt.what();
                           return true;
                         }),
                kKilled)
          << attempt.name;
    }
  }
}

TEST_F(Sandbox, EachKindOfThreadHasItsOwnList) {
  const auto polls = [] { return ::poll(nullptr, 0, 0) == 0; };
  EXPECT_EQ(confined(Thread::kSupervisor, polls), kDone);
  EXPECT_EQ(confined(Thread::kCpu, polls), kKilled);
  const auto adds_memory = [] { return ::ioctl(0, KVM_SET_USER_MEMORY_REGION, nullptr) < 0; };
  EXPECT_EQ(confined(Thread::kSupervisor, adds_memory), kKilled) << "the guest has its memory by then";
  EXPECT_EQ(confined(Thread::kCpu, adds_memory), kKilled);
  const auto runs = [] { return ::ioctl(0, KVM_RUN, 0) < 0; };  // nothing to run: it may, and fails
  EXPECT_EQ(confined(Thread::kSupervisor, runs), kKilled);
  EXPECT_EQ(confined(Thread::kCpu, runs), kDone);
}

TEST_F(Sandbox, AViolationInOneThreadEndsThemAll) {
  EXPECT_EQ(fate_of([] {
              std::atomic<bool> confined = false;
              std::thread thread([&] {
                if (!confine_thread(Thread::kCpu)) return;
                confined.wait(false);
                ::socket(AF_INET, SOCK_STREAM, 0);
              });
              if (!confine(Thread::kSupervisor)) return false;
              confined = true;
              confined.notify_all();
              thread.join();
              return true;
            }),
            kKilled);
}

TEST_F(Sandbox, ThreadsUseMemoryAndEndAndAreJoined) {
  EXPECT_EQ(fate_of([] {
              close_all_but({0, 1, 2});
              if (!give_up_rights()) return false;
              std::atomic<bool> confined = false;
              std::vector<std::thread> threads;
              threads.reserve(4);
              for (int i = 0; i < 4; ++i) {
                threads.emplace_back([&] {
                  if (!confine_thread(Thread::kCpu)) ::_exit(2);
                  confined.wait(false);
                  for (std::size_t size = 16; size < 4'000'000; size *= 5) {
                    std::vector<std::byte> some(size);
                    some.back() = std::byte{1};
                  }
                });
              }
              if (!confine_thread(Thread::kSupervisor)) return false;
              confined = true;
              confined.notify_all();
              for (std::thread& thread : threads) thread.join();
              const std::vector<std::byte> much(8'000'000, std::byte{1});
              return much.back() == std::byte{1};
            }),
            kDone);
}

TEST_F(Sandbox, TheTerminalIsRestored) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  termios settings{};
  ASSERT_EQ(::tcgetattr(slave, &settings), 0);
  for (const Thread kind : {Thread::kSupervisor, Thread::kCpu}) {
    EXPECT_EQ(fate_of([&] {
                return confine(kind, {0, 1, 2, slave}) && ::tcgetattr(slave, &settings) == 0 &&
                       ::tcsetattr(slave, TCSANOW, &settings) == 0;
              }),
              kDone);
  }
  ::close(master);
  ::close(slave);
}

TEST_F(Sandbox, AbortAndACrashAreStillSignalsOfTheirOwn) {
  for (const Thread kind : {Thread::kSupervisor, Thread::kCpu}) {
    EXPECT_EQ(confined(kind,
                       [] {
                         ::raise(SIGABRT);
                         return true;
                       }),
              128 + SIGABRT);
  }
}

TEST_F(Sandbox, ARunIsStoppedAndContinued) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool ready = confine(Thread::kSupervisor);
    ::raise(SIGSTOP);
    ::poll(nullptr, 0, 10);
    ::_exit(ready ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  ::kill(child, SIGCONT);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Sandbox, OnlyTheDescriptorsThatAreKeptStayOpen) {
  EXPECT_EQ(fate_of([] {
              const int kept = ::fcntl(0, F_DUPFD, 50);
              const int inherited = ::fcntl(0, F_DUPFD, 40);
              const int high = ::fcntl(0, F_DUPFD, 200);
              close_all_but({kept, 2, 0, 1, -1});
              return ::fcntl(kept, F_GETFD) >= 0 && ::fcntl(0, F_GETFD) >= 0 && ::fcntl(2, F_GETFD) >= 0 &&
                     ::fcntl(inherited, F_GETFD) < 0 && ::fcntl(high, F_GETFD) < 0;
            }),
            kDone);
}

TEST_F(Sandbox, LandlockAndTheLackOfRightsHoldWithoutTheFiltersToo) {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) < 1)
    GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(fate_of([] {
              close_all_but({0, 1, 2});
              if (!give_up_rights()) return false;
              const bool opened = ::open("/", O_RDONLY | O_DIRECTORY) >= 0 || errno != EACCES;
              const bool written = ::open("/dev/null", O_WRONLY) >= 0 || errno != EACCES;
              const bool may_gain = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
              return !opened && !written && !may_gain;
            }),
            kDone);
}

/// A host that has not `call`, or a container that hides it: it fails with `reason`.
bool hide(int call, int reason) {
  std::array<sock_filter, 4> code = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(reason)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(Sandbox, WithoutSeccompThereIsAnError) {
  for (const int reason : {ENOSYS, EINVAL, EPERM}) {
    EXPECT_EQ(fate_of([&] {
                if (!hide(SYS_seccomp, reason) || !give_up_rights()) return false;
                const auto confined = confine_thread(Thread::kCpu);
                return !confined && confined.error().what == Fault::kSandbox;
              }),
              kDone);
  }
}

TEST_F(Sandbox, WithoutLandlockTheFiltersAreAll) {
  EXPECT_EQ(fate_of([] { return hide(SYS_landlock_create_ruleset, EOPNOTSUPP) && confine(Thread::kCpu); }),
            kDone);
}

TEST_F(Sandbox, WithoutCloseRangeDescriptorsAreClosedOneByOne) {
  EXPECT_EQ(fate_of([] {
              const int inherited = ::fcntl(0, F_DUPFD, 40);
              if (!hide(SYS_close_range, ENOSYS)) return false;
              close_all_but({0, 1, 2});
              return ::fcntl(inherited, F_GETFD) < 0;
            }),
            kDone);
}

}  // namespace
}  // namespace pvh::kvm::sandbox
