// Real runs of a real QEMU, with guests of a few instructions.
#include "pvh/qemu/qemu.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "pvh/base/unique_fd.hpp"
#include "pvh/system_testing/pipe.hpp"
#include "testing/tiny_guest.hpp"

namespace pvh::qemu {
namespace {

using namespace std::chrono_literals;
using run::Ending;
using system::testing::Pipe;
using system::testing::read_all;
namespace test = boot::testing;
using test::Code;
using test::plan_of;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kLong = 60s;  // a bound for tests that should end by themselves

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

/// QEMU's options and the user's side of a run, together.
struct RunSetup : Options, run::Options {};

Result<run::Outcome> run(const boot::BootPlan& plan, const RunSetup& with) {
  return Start::begin(with).run({.plan = &plan}, with);
}

class Qemu : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("qemu-system-x86_64 --version >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "qemu-system-x86_64 is not installed";
    descriptors_before_ = open_descriptors();
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left behind";
    null_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_before_);
  }

  RunSetup options() {
    null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    RunSetup options;
    options.timeout = kLong;
    options.input = null_.get();
    options.output = null_.get();
    return options;
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

  std::string output_;

 private:
  UniqueFd null_;
  std::size_t descriptors_before_ = 0;
};

TEST_F(Qemu, AGuestPrintsAndPowersOff) {
  const auto outcome = run_and_listen(plan_of(Code{}.print("Hello\n").power_off()), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  EXPECT_EQ(output_, "Hello\n");
}

TEST_F(Qemu, AGuestThatResetsWantsAReboot) {
  const auto outcome = run(plan_of(Code{}.reset()), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kReboot);
}

TEST_F(Qemu, EntersInTheStateThatThePlanSays) {
  const auto plan = plan_of(Code{}.undefined());
  const auto outcome = run(plan, options());
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->ending, Ending::kTripleFault);
  EXPECT_THAT(outcome->detail, HasSubstr("EAX=00000000 EBX=00009000 ECX=00000000 EDX=00000000"));
  EXPECT_THAT(outcome->detail, HasSubstr("ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000"));
  EXPECT_THAT(outcome->detail, HasSubstr(fmt::format("EIP=00100000 EFL={:08x}", plan.state.eflags)));
  EXPECT_THAT(outcome->detail, HasSubstr(fmt::format("CR0={:08x}", plan.state.cr0)));
  EXPECT_THAT(outcome->detail, HasSubstr(fmt::format("CR4={:08x}", plan.state.cr4)));
  EXPECT_THAT(outcome->detail, HasSubstr("TR =0018 00000000 00000067"));
  for (const char* name : {"DS", "ES", "SS"})
    EXPECT_THAT(outcome->detail, HasSubstr(fmt::format("{:<3}=0010 00000000 ffffffff 00cf93", name)));
  EXPECT_THAT(outcome->detail, HasSubstr("CS =0008 00000000 ffffffff 00cf9b"));
  EXPECT_THAT(outcome->detail, HasSubstr("code 0000000000100000: 0x0f 0x0b"));
}

TEST_F(Qemu, APanicThatResetsIsAPanic) {
  const auto outcome =
      run(plan_of(Code{}.print("[ 1.0] Kernel panic - not syncing: why\r\n").reset()), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPanic);
  EXPECT_EQ(outcome->detail, "Kernel panic - not syncing: why");
}

TEST_F(Qemu, APanicThatStopsIsAPanic) {
  const auto outcome = run(plan_of(Code{}
                                       .print("Kernel panic - not syncing: why\r\n"
                                              "---[ end Kernel panic - not syncing: why ]---\r\n")
                                       .spin()),
                           options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPanic);
  EXPECT_LT(outcome->duration, 30s);
}

TEST_F(Qemu, APanicOnThePanicDeviceIsAPanicAtOnce) {
  Code code;
  code.print("[ 1.0] Kernel panic - not syncing: why\r\n");
  code.bytes({0x66, 0xba, board::kPanicPort & 0xff, board::kPanicPort >> 8, 0xb0, 0x01, 0xee}).spin();
  const auto outcome = run(plan_of(code), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPanic);
  EXPECT_EQ(outcome->detail, "Kernel panic - not syncing: why");
}

TEST_F(Qemu, EndsAGuestThatSpinsAtTheTimeLimit) {
  auto with = options();
  with.timeout = 300ms;
  const auto outcome = run(plan_of(Code{}.bytes({0xfa}).spin()), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kTimeLimit);
  EXPECT_GE(outcome->duration, 300ms);
  EXPECT_LT(outcome->duration, 10s);
}

TEST_F(Qemu, InfiniteOutputThatNobodyReadsEndsInTime) {
  const Pipe pipe;
  auto with = options();
  with.output = pipe.writer.get();
  with.timeout = 1s;
  const auto start = std::chrono::steady_clock::now();
  Code code;
  code.wait_for_line().bytes({0xb0, 'y', 0xee, 0xeb, 0xee});  // mov al, 'y'; out dx, al; jmp to the first
  const auto outcome = run(plan_of(code), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kTimeLimit);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST_F(Qemu, LosesNoByteToASlowReader) {
  constexpr std::uint32_t kBytes = 300'000;
  Code code;
  code.bytes({0xb9}).number(kBytes);  // mov ecx, kBytes
  code.wait_for_line().bytes(
      {0x88, 0xc8, 0xee, 0xe2, 0xee});  // mov al, cl; out dx, al; loop to wait_for_line
  code.power_off();
  Pipe pipe;
  auto with = options();
  with.output = pipe.writer.get();
  std::string got;
  std::thread slow([&] {
    std::this_thread::sleep_for(2s);
    got = read_all(pipe.reader.get());
  });
  const auto outcome = run(plan_of(code), with);
  pipe.writer.reset();
  slow.join();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  ASSERT_EQ(got.size(), kBytes);
  for (std::uint32_t i = 0; i < kBytes; ++i)
    ASSERT_EQ(static_cast<std::uint8_t>(got[i]), static_cast<std::uint8_t>(kBytes - i)) << "at " << i;
}

TEST_F(Qemu, EndsWhenTheReaderGoesAway) {
  Pipe pipe;
  pipe.reader.reset();
  auto with = options();
  with.output = pipe.writer.get();
  const auto outcome = run(plan_of(Code{}.print("Hello").spin()), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kEnded);
}

/// Sends back what it gets, until a 'q'.
Code echo() {
  Code code;
  code.bytes({0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb});  // wait for input
  code.bytes({0x66, 0xba, 0xf8, 0x03, 0xec, 0x88, 0xc3});              // mov dx, 0x3f8; in al, dx; mov bl, al
  code.wait_for_line().bytes({0x88, 0xd8, 0xee});                      // mov al, bl; out dx, al
  code.bytes({0x3c, 'q', 0x75, 0xdc});                                 // cmp al, 'q'; jne to the first
  code.power_off();
  return code;
}

TEST_F(Qemu, PassesOnWhatIsTyped) {
  Pipe typed;
  const std::string text = std::string(3000, 'a') + "\x01x\x03 and more q";
  ASSERT_EQ(::write(typed.writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  auto with = options();
  with.input = typed.reader.get();
  const auto outcome = run_and_listen(plan_of(echo()), with);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
  EXPECT_EQ(output_, text);
}

TEST_F(Qemu, TakesInputFromAFile) {
  std::string name = ::testing::TempDir() + "pvh-typed-XXXXXX";
  UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  ::unlink(name.c_str());
  ASSERT_EQ(::write(file.get(), "file q", 6), 6);
  ::lseek(file.get(), 0, SEEK_SET);
  auto with = options();
  with.input = file.get();
  const auto outcome = run_and_listen(plan_of(echo()), with);
  file.reset();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(output_, "file q");
}

TEST_F(Qemu, CtrlAXEndsTheRunAndTheTerminalIsAsBefore) {
  int master_fd = -1;
  int slave_fd = -1;
  ASSERT_EQ(::openpty(&master_fd, &slave_fd, nullptr, nullptr, nullptr), 0);
  UniqueFd master(master_fd);
  UniqueFd slave(slave_fd);
  termios before{};
  ASSERT_EQ(::tcgetattr(slave.get(), &before), 0);
  auto with = options();
  with.input = with.output = slave.get();
  std::thread typist([&] {
    std::string screen;
    char character = 0;
    while (!screen.contains("ready") && ::read(master.get(), &character, 1) == 1) screen.push_back(character);
    EXPECT_EQ(::write(master.get(), "\x01x", 2), 2);
  });
  const auto outcome = run(plan_of(Code{}.print("ready").spin()), with);
  typist.join();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kEnded);
  EXPECT_EQ(outcome->signal, 0);
  termios after{};
  ASSERT_EQ(::tcgetattr(slave.get(), &after), 0);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
  EXPECT_EQ(after.c_oflag, before.c_oflag);
  master.reset();
  slave.reset();
}

TEST_F(Qemu, ASignalEndsTheRun) {
  // Blocked before the thread exists, or it would be the one that dies of it.
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  std::thread sender([] {
    std::this_thread::sleep_for(500ms);
    ::kill(::getpid(), SIGTERM);
  });
  const auto outcome = run(plan_of(Code{}.spin()), options());
  sender.join();
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kEnded);
  EXPECT_EQ(outcome->signal, SIGTERM);
}

pid_t child_of(pid_t parent) {
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", parent, parent));
  pid_t child = 0;
  children >> child;
  return child;
}

TEST_F(Qemu, DiesWithUsEvenWhenWeAreKilled) {
  // So that QEMU, orphaned, becomes our child and can be waited for.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const auto with = options();
  const pid_t runner = ::fork();
  if (runner == 0) {
    (void)run(plan_of(Code{}.spin()), with);
    ::_exit(0);
  }
  pid_t qemu = 0;
  for (int i = 0; i < 500 && qemu == 0; ++i) {
    std::this_thread::sleep_for(10ms);
    qemu = child_of(runner);
  }
  ASSERT_NE(qemu, 0);
  std::this_thread::sleep_for(200ms);
  ::kill(runner, SIGKILL);
  EXPECT_EQ(::waitpid(runner, nullptr, 0), runner);
  int status = 0;
  EXPECT_EQ(::waitpid(qemu, &status, 0), qemu);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/// Turns paging on (PAE) so that the page at 2 MiB is the one at `high`, and prints what it finds there.
boot::BootPlan reader_of_high_memory(std::uint64_t memory_size, GuestAddress high) {
  constexpr GuestAddress kTables{0x2000};
  constexpr std::size_t kEntriesInPage = 512;
  constexpr std::uint64_t kPresent = 1;
  constexpr std::uint64_t kLargePage = 0x83;
  std::vector<std::uint64_t> entries(3 * kEntriesInPage);
  entries[0] = (kTables.value() + 0x1000) | kPresent;
  entries[3] = (kTables.value() + 0x2000) | kPresent;
  entries[kEntriesInPage] = kLargePage;
  entries[kEntriesInPage + 1] = align_down(high.value(), 2 * kMiB) | kLargePage;
  entries[2 * kEntriesInPage + 0x1f5] = board::kDeviceWindow.value() | kLargePage;
  std::vector<std::byte> tables;
  for (const std::uint64_t entry : entries) append_le(tables, entry);

  Code code;
  code.bytes({0xb8}).number(0x20).bytes({0x0f, 0x22, 0xe0});  // cr4 = PAE
  code.bytes({0xb8}).number(static_cast<std::uint32_t>(kTables.value())).bytes({0x0f, 0x22, 0xd8});  // cr3
  code.bytes({0x0f, 0x20, 0xc0, 0x0d}).number(0x80000000).bytes({0x0f, 0x22, 0xc0});  // cr0 |= PG
  code.wait_for_line();
  code.bytes({0xa0}).number(
      static_cast<std::uint32_t>(2 * kMiB + high.value() % (2 * kMiB)));  // mov al, [...]
  code.bytes({0xee}).power_off();
  auto plan = plan_of(code, memory_size);
  test::put(plan, kTables, std::move(tables));
  test::put(plan, high, {std::byte{'!'}});
  return plan;
}

TEST_F(Qemu, MemoryGoesOnAtFourGiB) {
  const auto outcome = run_and_listen(reader_of_high_memory(4 * kGiB, GuestAddress{kFourGiB}), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff) << outcome->detail;
  EXPECT_EQ(output_, "!");
}

TEST_F(Qemu, AGuestOfOneTerabyteHasItsLastByte) {
  const auto outcome = run_and_listen(reader_of_high_memory(kTiB, GuestAddress{kTiB + kGiB - 1}), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff) << outcome->detail;
  EXPECT_EQ(output_, "!");
}

TEST_F(Qemu, RunsWhereTheMemorySizeIsAnOddNumberOfPages) {
  const auto outcome = run(plan_of(Code{}.power_off(), 16 * kMiB + kPageSize), options());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->ending, Ending::kPowerOff);
}

TEST_F(Qemu, StartsEveryCpuThatIsAskedFor) {
  for (const std::uint32_t cpus : {2U, 5U}) {
    constexpr GuestAddress kCounter{0x7000};
    constexpr GuestAddress kSecondaryCode{0x8000};
    Code code;
    code.store32(0xfee000f0, 0x1ff);    // local APIC on
    code.store32(0xfee00300, 0xc4500);  // INIT to all others
    code.store32(0xfee00300, 0xc4608);  // start them at page 8
    code.bytes({0x80, 0x3d}).number(static_cast<std::uint32_t>(kCounter.value()));
    code.bytes({static_cast<int>(cpus) - 1, 0x75, 0xf7});  // again: cmp byte [kCounter], cpus - 1; jne again
    code.print("all").power_off();
    auto plan = plan_of(code);
    // 16-bit: lock inc word [0x7000]; cli; again: hlt; jmp again
    test::put(plan, kSecondaryCode,
              Code{}.bytes({0xf0, 0xff, 0x06, 0x00, 0x70, 0xfa, 0xf4, 0xeb, 0xfd}).code());
    auto with = options();
    with.cpus = cpus;
    const auto outcome = run_and_listen(plan, with);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->ending, Ending::kPowerOff) << cpus;
    EXPECT_EQ(output_, "all");
  }
}

TEST_F(Qemu, ADiskSitsInItsSlotUnderAnyName) {
  std::string directory = ::testing::TempDir() + "pvh-disk-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/a,b:c=d";
  std::ofstream(path) << std::string(512, 'd');
  // What lies at offset 8 of a slot is the device's id: 2 for a block device, 0 for none.
  const std::uint64_t first = board::kVirtioWindow.value() + board::kFirstVirtioSlot * board::kVirtioSlotSize;
  Code code;
  for (const std::uint64_t slot : {first - board::kVirtioSlotSize, first, first + board::kVirtioSlotSize,
                                   first + 2 * board::kVirtioSlotSize}) {
    code.wait_for_line().bytes({0xa1}).number(static_cast<std::uint32_t>(slot + 8));  // mov eax, [slot + 8]
    code.bytes({0x04, '0', 0xee});  // add al, '0'; out dx, al
  }
  code.power_off();
  auto with = options();
  with.devices = {Disk{.path = path, .read_only = true}, Disk{.path = path, .read_only = true}};
  const auto outcome = run_and_listen(plan_of(code), with);
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(outcome) << std::get<std::string>(outcome.error().found);
  EXPECT_EQ(output_, "0220");
}

TEST_F(Qemu, AMissingQemuIsNamed) {
  auto with = options();
  with.binary = "/nonexistent/qemu";
  const auto outcome = run(plan_of(Code{}.spin()), with);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kQemuMissing);
  EXPECT_EQ(outcome.error().subject, "/nonexistent/qemu");
}

class FakeQemu : public Qemu {
 protected:
  Result<run::Outcome> run_fake(const std::string& script) {
    std::string name = ::testing::TempDir() + "pvh-fake-XXXXXX";
    UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
    EXPECT_EQ(::write(file.get(), script.data(), script.size()), static_cast<ssize_t>(script.size()));
    ::fchmod(file.get(), 0700);
    file.reset();
    auto with = options();
    with.binary = name;
    auto outcome = run(plan_of(Code{}.spin()), with);
    ::unlink(name.c_str());
    return outcome;
  }
};

TEST_F(FakeQemu, ThatDiesIsQuoted) {
  const auto outcome = run_fake("#!/bin/sh\necho 'cannot set up guest memory' >&2\nexit 1\n");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kQemuDied);
  EXPECT_EQ(std::get<std::string>(outcome.error().found), "exit status 1: cannot set up guest memory");
}

TEST_F(FakeQemu, ThatEndsWithoutAWordIsNoPowerOff) {
  const auto outcome = run_fake("#!/bin/sh\n");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kQemuDied);
}

TEST_F(FakeQemu, ThatIsTooOldIsToldByItsGreetingAndEndedEvenIfItDoesNotListen) {
  const auto outcome = run_fake(
      "#!/bin/sh\necho '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 5}}}}' "
      ">&5\n"
      "exec sleep 100\n");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, Fault::kQemuTooOld);
  EXPECT_EQ(std::get<std::string>(outcome.error().found), "5.2.1");
}

}  // namespace
}  // namespace pvh::qemu
