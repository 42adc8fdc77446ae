// Programs that do what monitors should not: they flood, close, ignore and leave behind.
#include "pvh/producers/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "files.hpp"

namespace pvh::runners {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 60s;

Ran shell(const std::string& script, std::chrono::milliseconds limit, const Talk& talk = {},
          const std::string& file = {}) {
  return run_process({"sh", "-c", script}, limit, talk, {}, file);
}

/// A folder for one test.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "runners-test.XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

/// Makes what this process uses now the most that it has ever used; false where the host does not let it.
bool forget_most_memory() {
  return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << "5" << std::flush);
}

/// Of this process since then, in KiB.
long most_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long amount = 0;
    if (word == "VmHWM:" && status >> amount) return amount;
  }
  return 0;
}

TEST(Process, IsHeardOnBothStreams) {
  const Ran ran = shell("echo out; echo err >&2; exit 7", kPatience);
  EXPECT_EQ(ran.output, "out\n");
  EXPECT_EQ(ran.errors, "err\n");
  EXPECT_EQ(ran.exit_code, 7);
}

TEST(Process, ThatFloodsItsStreamsTakesNoMoreMemoryAndIsEndedEarly) {
  for (const char* const script : {"exec yes", "yes >&2 & exec yes"}) {
    const bool measured = forget_most_memory();
    const long before = most_memory();
    const auto start = Clock::now();
    const Ran ran = shell(script, kPatience);
    EXPECT_TRUE(ran.flooded && !ran.late) << script;
    EXPECT_LE(ran.output.size(), kMostOutput);
    EXPECT_LE(ran.errors.size(), kMostOutput);
    EXPECT_LT(Clock::now() - start, kPatience / 2) << script;
    if (!measured) continue;  // a host that keeps the peak tells that of other tests
    EXPECT_LT(most_memory() - before, 300'000) << "KiB; the two are 64 MiB, and strings grow by doubling";
  }
}

TEST(Process, ThatPrintsTooMuchAndEndsIsKnownToHave) {
  const Ran exact = shell("yes | head -c 33554432", kPatience);
  EXPECT_EQ(exact.output.size(), kMostOutput);
  EXPECT_FALSE(exact.flooded);
  EXPECT_TRUE(shell("yes | head -c 33554433", kPatience).flooded);
}

TEST(Process, MayBeAsNoisyAsItLikesOnItsStandardError) {
  const Ran ran = shell("yes | head -c 40000000 >&2; echo said; exit 3", kPatience);
  EXPECT_FALSE(ran.flooded);
  EXPECT_EQ(ran.output, "said\n");
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(ran.errors.size(), kMostOutput);
}

TEST(Process, ThatFloodsItsFileIsEndedEarly) {
  const Scratch scratch;
  const std::string file = scratch.path / "output";
  const Ran ran = shell("exec yes >" + file, kPatience, {}, file);
  EXPECT_TRUE(ran.flooded);
  EXPECT_FALSE(ran.late);
  EXPECT_EQ(contents(file).size(), kMostOutput);
}

TEST(Process, ThatNeverReadsIsNotWaitedFor) {
  const Ran ran = shell("exec sleep 60", 500ms, [](std::string_view) { return std::string(1 << 20, 'x'); });
  EXPECT_TRUE(ran.late);
}

TEST(Process, GetsAllThatIsSaidHoweverSlowlyItReads) {
  bool said = false;
  const Talk talk = [&](std::string_view) {
    return std::exchange(said, true) ? std::string() : std::string(300'000, 'x') + "\n";
  };
  const Ran ran = shell("sleep 0.3; head -n 1 | wc -c", kPatience, talk);
  EXPECT_EQ(ran.output, "300001\n");
}

TEST(Process, MayLeaveSomethingBehindThatHoldsItsStreams) {
  const auto start = Clock::now();
  for (const char* const left : {"setsid sleep 61", "setsid sh -c 'while echo; do sleep 0.01; done'"}) {
    const Ran ran = shell(std::string(left) + " & sleep 0.1; exit 3", kPatience);
    EXPECT_EQ(ran.exit_code, 3) << left;
  }
  EXPECT_LT(Clock::now() - start, kPatience - 10s);
}

TEST(Process, KeepsItsNumberUntilWhatItLeftBehindIsKilled) {
  // A number that is free may name another process's group, which our signal would kill.
  const Ran ran = shell(
      "me=$$; setsid sh -c \"while :; do test -d /proc/$me && echo kept || echo free; done\" & sleep 0.2; "
      "exit 3",
      kPatience);
  EXPECT_THAT(ran.output, ::testing::StartsWith("kept\n"));
  EXPECT_THAT(ran.output, ::testing::Not(::testing::HasSubstr("free")));
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie is left";
}

TEST(Process, EndedByASignalSaysWhich) {
  const Ran ran = shell("kill -KILL $$", kPatience);
  EXPECT_EQ(ran.exit_code, -1);
  EXPECT_EQ(ran.signal, SIGKILL);
}

TEST(Process, IsNotStartedWhereThereIsNoSuchProgram) {
  const Ran ran = run_process({"/nonexistent/monitor"}, kPatience);
  EXPECT_FALSE(ran.started);
  EXPECT_NE(ran.reason, "");
}

TEST(Contents, AreNotReadFromWhatIsNoFile) {
  const Scratch scratch;
  const std::string fifo = scratch.path / "output";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(contents(fifo), "");
  EXPECT_EQ(contents(scratch.path / "none"), "");
}

/// What a program does that is told to end while it waits for a child, which has said that it runs.
[[noreturn]] void wait_and_be_told(const std::string& script) {
  {
    const ChildrenEndWithUs children;
    bool told = false;
    const Talk tell = [&](std::string_view output) {
      if (!output.empty() && !std::exchange(told, true)) ::kill(::getpid(), SIGTERM);
      return std::string();
    };
    const Ran ran = shell("echo; " + script, kPatience, tell);
    if (!ChildrenEndWithUs::told_to_end() || run_process({"true"}, kPatience).started) ::_exit(1);
  }
  ::_exit(2);
}

TEST(ChildrenEndWithUs, BySignalsAndWhatWaitsForThemComesToItsEnd) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const char* const manner : {"exec sleep 100", "trap '' TERM; sleep 100 & sleep 101"}) {
    const auto start = Clock::now();
    EXPECT_EXIT(wait_and_be_told(manner), ::testing::KilledBySignal(SIGTERM), "");
    EXPECT_LT(Clock::now() - start, kPatience);
  }
}

/// What a program does that is killed outright while it waits for a child, whose number it writes to `fd`.
[[noreturn]] void wait_and_be_killed(int fd) {
  const Talk tell = [fd](std::string_view output) {
    if (!output.ends_with('\n')) return std::string();
    if (::write(fd, output.data(), output.size()) > 0) ::kill(::getpid(), SIGKILL);
    return std::string();
  };
  [[maybe_unused]] const Ran ran = shell("echo $$; exec sleep 100", kPatience, tell);
  ::_exit(1);
}

TEST(Process, DoesNotOutliveWhoeverStartedIt) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t starter = ::fork();
  ASSERT_GE(starter, 0);
  if (starter == 0) wait_and_be_killed(ends[1]);
  ::close(ends[1]);
  std::array<char, 32> text{};
  ASSERT_GT(::read(ends[0], text.data(), text.size() - 1), 0);
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(starter, &status, 0), starter);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  const int child = std::atoi(text.data());
  ASSERT_GT(child, 0);
  // Gone, or dead and not waited for by whatever has inherited it.
  const auto lives = [child] {
    std::ifstream about("/proc/" + std::to_string(child) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return about >> number >> name >> state && state != "Z" && state != "X";
  };
  const auto start = Clock::now();
  while (lives() && Clock::now() - start < kPatience) ::usleep(10'000);
  EXPECT_FALSE(lives());
}

}  // namespace
}  // namespace pvh::runners
