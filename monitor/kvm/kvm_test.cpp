// Real runs on this host's KVM, with guests of a few instructions.
#include "pvh/kvm/kvm.hpp"
#include "pvh/backend/disk_file.hpp"
#include "pvh/virtio/block.hpp"
#include "pvh/virtio/entropy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <thread>

#include "pvh/base/unique_fd.hpp"
#include "pvh/system_testing/pipe.hpp"
#include "sandbox/sandbox.hpp"
#include "testing/tiny_guest.hpp"

namespace pvh::kvm {
namespace {

using namespace std::chrono_literals;
namespace tiny = boot::testing;
using run::Ending;
using system::testing::Pipe;
using system::testing::read_all;
using ::testing::HasSubstr;
using tiny::Code;
using tiny::plan_of;

constexpr std::chrono::milliseconds kLong = 60s;  // a bound for tests that should end by themselves

std::ptrdiff_t entries_of(const char* directory) {
  const std::filesystem::directory_iterator files(directory);
  return std::distance(begin(files), end(files));
}

/// A run's shape, its devices and the user's side of it, together.
struct RunSetup {
  std::optional<std::chrono::milliseconds> timeout = {};
  int input = 0;
  int output = 1;
  bool confine = false;
  KeptValues* kept = nullptr;
};

Result<run::Outcome> run(const boot::BootPlan& plan, const RunSetup& with, std::uint32_t cpus = 1,
                         Devices devices = {}) {
  auto start =
      Start::begin({.memory = plan.backing, .cpus = cpus, .confine = with.confine, .kept = with.kept});
  start.attach(std::move(devices));
  return std::move(start).run({.plan = &plan},
                              {.timeout = with.timeout, .input = with.input, .output = with.output});
}

class Kvm : public ::testing::Test {
 protected:
  void SetUp() override {
    if (host() == Host::kMissing) GTEST_SKIP() << "there is no /dev/kvm here";
    if (host() == Host::kForbidden) GTEST_SKIP() << "/dev/kvm may not be opened";
    std::thread([] {}).join();  // a sanitizer starts a thread of its own with the first
    descriptors_before_ = entries_of("/proc/self/fd");
    threads_before_ = entries_of("/proc/self/task");
  }
  void TearDown() override {
    if (IsSkipped()) return;
    null_.reset();
    EXPECT_EQ(entries_of("/proc/self/fd"), descriptors_before_) << "descriptors are left behind";
    EXPECT_EQ(entries_of("/proc/self/task"), threads_before_) << "threads are left behind";
  }

  RunSetup options() {
    null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    return {.timeout = kLong, .input = null_.get(), .output = null_.get()};
  }

  /// Runs the plan; what the guest printed comes out in output_.
  Result<run::Outcome> run_and_listen(const boot::BootPlan& plan, RunSetup with) {
    Pipe pipe;
    with.output = pipe.writer.get();
    std::thread listener([&] { output_ = read_all(pipe.reader.get()); });
    auto outcome = run(plan, with);
    pipe.writer.reset();
    listener.join();
    return outcome;
  }

  Ending ending_of(const boot::BootPlan& plan, const RunSetup& with, std::uint32_t cpus = 1) {
    const auto outcome = run(plan, with, cpus);
    EXPECT_TRUE(outcome);
    return outcome ? outcome->ending : Ending::kEnded;
  }

  std::string output_;

 private:
  UniqueFd null_;
  std::ptrdiff_t descriptors_before_ = 0;
  std::ptrdiff_t threads_before_ = 0;
};

TEST_F(Kvm, AGuestPrintsAndPowersOff) {
  const auto outcome = run_and_listen(plan_of(Code{}.print("Hello\n").power_off()), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  EXPECT_EQ(output_, "Hello\n");
}

TEST_F(Kvm, AGuestThatResetsWantsAReboot) {
  EXPECT_EQ(ending_of(plan_of(Code{}.reset()), options()), Ending::kReboot);
}

TEST_F(Kvm, AJumpToTheFirmwaresStartIsARebootToo) {
  // What Linux does: to real mode, then jmp f000:fff0. The stub that leaves protected mode lies at 0x8000.
  auto plan =
      plan_of(Code{}.bytes({0x0f, 0x01, 0x15}).number(0x8100).bytes({0xea}).number(0x8000).bytes({8, 0}));
  Code leave;
  leave.bytes({0x0f, 0x20, 0xc0, 0x24, 0xfe, 0x0f, 0x22, 0xc0});  // mov eax, cr0; and al, ~1; mov cr0, eax
  leave.bytes({0xea, 0xf0, 0xff, 0x00, 0xf0});                    // jmp f000:fff0
  tiny::put(plan, GuestAddress{0x8000}, leave.code());
  // A table of one 16-bit code segment, and what lgdt reads.
  tiny::put(plan, GuestAddress{0x8100}, Code{}.bytes({15, 0}).number(0x8110).code());
  tiny::put(plan, GuestAddress{0x8110},
            Code{}.number(0).number(0).number(0x0000ffff).number(0x00009a00).code());
  EXPECT_EQ(ending_of(plan, options()), Ending::kReboot);
}

TEST_F(Kvm, ATripleFaultTellsWhatTheCpusWereDoing) {
  const auto outcome = run(plan_of(Code{}.undefined()), options());
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->ending, Ending::kTripleFault);
  EXPECT_THAT(outcome->detail, HasSubstr("triple fault on CPU 0; the guest was entered at 0x100000"));
  EXPECT_THAT(outcome->detail, HasSubstr("CPU 0: RIP="));
}

TEST_F(Kvm, AJumpIntoAHoleEndsWithTheRegistersAsTheyWereAtTheEntry) {
  // jmp 8:0xd0000000, where there is no memory: but for the instruction pointer nothing has changed.
  const auto plan = plan_of(Code{}.bytes({0xea}).number(0xd0000000).bytes({8, 0}));
  const auto outcome = run(plan, options());
  ASSERT_TRUE(outcome);
  // Where KVM emulates the jump, or an AMD processor has reset itself, the entry's state is gone.
  if (!outcome->detail.contains("RIP=0000000000100000")) GTEST_SKIP() << "this host shows a later state";
  EXPECT_THAT(outcome->detail, HasSubstr(fmt::format("RFLAGS={:08x}", plan.state.eflags))) << "CPU-5";
  EXPECT_THAT(outcome->detail, HasSubstr("RAX=0000000000000000 RBX=0000000000009000")) << "CPU-1";
  EXPECT_THAT(outcome->detail, HasSubstr("CS =0008 base 0000000000000000 limit ffffffff attributes c09b\n"));
  for (const char* name : {"SS", "DS", "ES"})
    EXPECT_THAT(
        outcome->detail,
        HasSubstr(fmt::format("{} =0010 base 0000000000000000 limit ffffffff attributes c093\n", name)))
        << "CPU-3";
  EXPECT_THAT(outcome->detail, HasSubstr("TR =0018 base 0000000000000000 limit 00000067 attributes 008b\n"))
      << "CPU-4";
  EXPECT_THAT(outcome->detail, HasSubstr("CR0=00000011")) << "CPU-2";
  EXPECT_THAT(outcome->detail, HasSubstr("CR4=00000000 EFER=0")) << "CPU-2";
  EXPECT_THAT(outcome->detail, HasSubstr("code 0000000000100000: ea 00 00 00 d0 08 00"));
}

TEST_F(Kvm, AllMemoryIsInReachOfEachSegmentAtTheEntry) {
  // The last four bytes below 4 GiB, where nothing answers, through cs, ds, es and ss; each followed by inc
  // eax; jnz to what is no power-off.
  Code code;
  for (const int prefix : {0x2e, 0x3e, 0x26, 0x36})
    code.bytes({prefix, 0xa1}).number(0xfffffffc).bytes({0x40, 0x74, 2, 0x0f, 0x0b});  // jz over ud2
  EXPECT_EQ(ending_of(plan_of(code.power_off()), options()), Ending::kPowerOff) << "CPU-3";
}

TEST_F(Kvm, AGuestMayLoadItsSegmentsAgain) {
  Code code;
  code.bytes({0x8c, 0xd8, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0});  // mov eax, ds; mov ds, es, ss from eax
  const std::size_t next = tiny::kEntry.value() + code.code().size() + 7;
  code.bytes({0xea}).number(static_cast<std::uint32_t>(next)).bytes({8, 0});  // jmp 8:next
  code.bytes({0x0f, 0x00, 0xc8, 0x83, 0xf8, 24, 0x74, 2, 0x0f, 0x0b});  // str eax; cmp eax, 24; jz over ud2
  EXPECT_EQ(ending_of(plan_of(code.power_off()), options()), Ending::kPowerOff);
}

TEST_F(Kvm, APanicThatResetsIsAPanic) {
  const auto outcome =
      run(plan_of(Code{}.print("[ 1.0] Kernel panic - not syncing: why\r\n").reset()), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPanic);
  EXPECT_EQ(outcome->detail, "Kernel panic - not syncing: why");
}

TEST_F(Kvm, APanicOnThePanicPortIsAPanicAtOnce) {
  // mov dx, 0x505; mov al, 1; out dx, al
  const auto code = Code{}.bytes({0x66, 0xba, 0x05, 0x05, 0xb0, 1, 0xee}).spin();
  EXPECT_EQ(ending_of(plan_of(code), options()), Ending::kPanic);
}

TEST_F(Kvm, TheTimeLimitEndsAGuestThatSpins) {
  auto with = options();
  with.timeout = 300ms;
  const auto outcome = run(plan_of(Code{}.spin()), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kTimeLimit);
  EXPECT_GE(outcome->duration, 300ms);
}

TEST_F(Kvm, TheTimeLimitEndsAGuestThatHasHalted) {
  auto with = options();
  with.timeout = 300ms;
  EXPECT_EQ(ending_of(plan_of(Code{}.bytes({0xfa, 0xf4}).spin()), with), Ending::kTimeLimit);
}

TEST_F(Kvm, CpusThatNobodyStartedEndWithTheRest) {
  auto with = options();
  EXPECT_EQ(ending_of(plan_of(Code{}.power_off()), with, 4), Ending::kPowerOff);
  with.timeout = 200ms;
  EXPECT_EQ(ending_of(plan_of(Code{}.spin()), with, 4), Ending::kTimeLimit);
}

class InMemory final : public KeptValues {
 public:
  std::optional<std::vector<std::byte>> find(std::string_view) override { return value; }
  void keep(std::string_view, Bytes bytes) override {
    ++kept;
    value.emplace(bytes.begin(), bytes.end());
  }

  std::optional<std::vector<std::byte>> value;
  int kept = 0;
};

TEST_F(Kvm, WhatItSupportsOfCpuidIsAskedOnce) {
  InMemory values;
  auto with = options();
  with.kept = &values;
  for (int i = 0; i < 2; ++i) {
    const auto outcome = run(plan_of(Code{}.power_off()), with);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->ending, Ending::kPowerOff);
    EXPECT_EQ(values.kept, 1);
  }
  values.value->resize(values.value->size() - 1);
  ASSERT_TRUE(run(plan_of(Code{}.power_off()), with));
  EXPECT_EQ(values.kept, 2) << "a damaged one was taken";
}

TEST_F(Kvm, AStartThatIsNotRunLeavesNothing) {
  const auto memory = board::backing(64 * kMiB);
  auto start = Start::begin({.memory = memory, .cpus = 2});
}

TEST_F(Kvm, AStartThatIsNotRunEndsItsDevicesToo) {
  const auto memory = board::backing(64 * kMiB);
  auto start = Start::begin({.memory = memory});
  Devices devices;
  devices.all.push_back(std::make_unique<virtio::Entropy>());
  start.attach(std::move(devices));
}

TEST_F(Kvm, WhatIsWrongWithTheHostIsToldByTheRun) {
  // So the caller, who plans the guest meanwhile, tells what is wrong with the guest first.
  const auto memory = board::backing(64 * kMiB);
  auto start = Start::begin({.memory = memory, .cpus = 100'000});
  const auto plan = plan_of(Code{}.power_off());
  const auto outcome = std::move(start).run({.plan = &plan}, {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kTooManyCpus);
}

TEST_F(Kvm, ManyRunsEndAsCleanlyAsOne) {
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(ending_of(plan_of(Code{}.power_off()), options()), Ending::kPowerOff);
}

TEST_F(Kvm, DisksOfAHostWithoutIoUringAreServedByThreads) {
  Devices disks;
  for (int i = 0; i < 2; ++i) {
    char path[] = "/tmp/pvh-kvm-test-XXXXXX";
    const UniqueFd file(::mkstemp(path));
    ASSERT_EQ(::ftruncate(file.get(), 1 << 20), 0);
    auto disk = backend::DiskFile::open(path, false, "a disk");
    ::unlink(path);
    ASSERT_TRUE(disk);
    disks.all.push_back(std::make_unique<virtio::Block>(
        std::move(*disk), virtio::Block::Options{.name = "a disk", .serial = "", .threads_only = true}));
  }
  const auto outcome = run(plan_of(Code{}.power_off()), options(), 1, std::move(disks));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
}

TEST_F(Kvm, ASignalEndsIt) {
  // Blocked here first, so that the thread that sends it does not get it.
  sigset_t term;
  sigset_t before;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, &before);
  std::thread killer([] {
    std::this_thread::sleep_for(300ms);
    ::kill(::getpid(), SIGTERM);
  });
  const auto outcome = run(plan_of(Code{}.spin()), options());
  killer.join();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kEnded);
  EXPECT_EQ(outcome->signal, SIGTERM);
}

TEST_F(Kvm, CtrlAXEndsItAndTheTerminalIsAsItWas) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd ours(master);
  const UniqueFd theirs(slave);
  termios before{};
  ::tcgetattr(slave, &before);
  std::thread typist([&] {
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(::write(master, "\x01x", 2), 2);
  });
  auto with = options();
  with.input = slave;
  const auto outcome = run(plan_of(Code{}.spin()), with);
  typist.join();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kEnded);
  EXPECT_EQ(outcome->signal, 0);
  termios after{};
  ::tcgetattr(slave, &after);
  EXPECT_EQ(before.c_lflag, after.c_lflag);
}

TEST_F(Kvm, WhatIsTypedReachesTheGuest) {
  Pipe input;
  ASSERT_EQ(::write(input.writer.get(), "abcdefghijklmnopqrstuvwxyz.", 27), 27);
  // Echoes until a full stop: wait for a byte in dx 0x3fd; read it; print it; cmp al, '.'; jne to the start.
  Code code;
  code.bytes({0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb});
  code.bytes({0x66, 0xba, 0xf8, 0x03, 0xec, 0xee, 0x3c, 0x2e});
  code.bytes({0x75, 256 - 19});
  code.power_off();
  auto with = options();
  with.input = input.reader.get();
  const auto outcome = run_and_listen(plan_of(code), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  EXPECT_EQ(output_, "abcdefghijklmnopqrstuvwxyz.");
}

TEST_F(Kvm, ASlowReaderGetsAllOfIt) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format("line {}\n", i);
  Pipe pipe;
  ::fcntl(pipe.writer.get(), F_SETPIPE_SZ, 4096);
  auto with = options();
  with.output = pipe.writer.get();
  std::string seen;
  std::thread reader([&] {
    std::this_thread::sleep_for(300ms);
    seen = read_all(pipe.reader.get());
  });
  const auto outcome = run(plan_of(Code{}.print(text).power_off()), with);
  pipe.writer.reset();
  reader.join();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  EXPECT_EQ(seen, text);
}

TEST_F(Kvm, MemoryIsWhereThePlanSaysAlsoAbove4GiBAndCostsNothingUnused) {
  auto plan = plan_of(Code{}.power_off(), 8 * kGiB);
  tiny::put(plan, GuestAddress{5 * kGiB}, {std::byte{1}});
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  EXPECT_EQ(ending_of(plan, options()), Ending::kPowerOff);
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024) << "KiB";
}

TEST_F(Kvm, ReadsOnesAndIgnoresWritesWhereNothingIs) {
  // A value that is not all ones leads past the power-off.
  Code code;
  code.store32(0xfe000000, 0);
  code.bytes({0xa1}).number(0xfe000000).bytes({0x40, 0x75, 14});  // mov eax, [0xfe000000]; inc eax; jnz
  code.bytes({0xe7, 0x80, 0xe5, 0x80, 0x40, 0x75, 7});            // out 0x80, eax; in eax, 0x80; inc eax; jnz
  code.power_off();
  EXPECT_EQ(ending_of(plan_of(code), options()), Ending::kPowerOff);
}

/// How a run ended that confined itself, in a process of its own, which ends with it; its detail in `detail`.
std::optional<Ending> confined_run(const boot::BootPlan& plan, RunSetup with, std::string& detail) {
  Pipe pipe;
  const pid_t child = ::fork();
  if (child == 0) {
    with.output = pipe.writer.get();
    with.confine = true;
    const auto outcome = run(plan, with, 2);
    const std::string text = outcome ? outcome->detail : "an error";
    const bool told = ::write(with.output, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(outcome && told ? static_cast<int>(outcome->ending) : 100);
  }
  pipe.writer.reset();
  detail = read_all(pipe.reader.get());
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 100) return std::nullopt;
  return static_cast<Ending>(WEXITSTATUS(status));
}

TEST_F(Kvm, AConfinedRunEndsAsAnyOther) {
  auto with = options();
  std::string told;
  EXPECT_EQ(confined_run(plan_of(Code{}.print("Hello\n").power_off()), with, told), Ending::kPowerOff);
  EXPECT_EQ(told, "Hello\n");
  EXPECT_EQ(confined_run(plan_of(Code{}.reset()), with, told), Ending::kReboot);
  EXPECT_EQ(
      confined_run(plan_of(Code{}.print("[ 1.0] Kernel panic - not syncing: why\r\n").reset()), with, told),
      Ending::kPanic);
  EXPECT_EQ(confined_run(plan_of(Code{}.undefined()), with, told), Ending::kTripleFault);
  EXPECT_THAT(told, HasSubstr("CPU 0: RIP="));
  with.timeout = 200ms;
  EXPECT_EQ(confined_run(plan_of(Code{}.spin()), with, told), Ending::kTimeLimit);
}

TEST_F(Kvm, RefusesMoreCpusThanItHasNamesFor) {
  const auto outcome = run(plan_of(Code{}.power_off()), options(), 256);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kTooManyCpus);
}

TEST_F(Kvm, SaysThatThereIsTooLittleMemory) {
  if (!sandbox::kHere)
    GTEST_SKIP() << "a sanitizer's own memory is more than the limit, and so is a thread's";
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  const rlimit tight{.rlim_cur = kTiB, .rlim_max = before.rlim_max};
  if (::setrlimit(RLIMIT_AS, &tight) != 0) GTEST_SKIP() << "the limit cannot be set";
  const auto outcome = run(plan_of(Code{}.power_off(), 2 * kTiB), options());
  ::setrlimit(RLIMIT_AS, &before);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kNoGuestMemory);
}

}  // namespace
}  // namespace pvh::kvm
