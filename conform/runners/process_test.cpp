// Programs that do what monitors should not: they flood, close, ignore and leave behind.
#include "pvh/runners/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

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

/// Of this process, in KiB, at any time.
long most_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Process, IsHeardOnBothStreams) {
  const Ran ran = shell("echo out; echo err >&2; exit 7", kPatience);
  EXPECT_EQ(ran.output, "out\n");
  EXPECT_EQ(ran.errors, "err\n");
  EXPECT_EQ(ran.exit_code, 7);
}

TEST(Process, ThatFloodsBothStreamsTakesNoMoreMemoryAndEndsInTime) {
  const long before = most_memory();
  const auto start = Clock::now();
  const Ran ran = shell("yes >&2 & exec yes", 3s);
  EXPECT_TRUE(ran.late);
  EXPECT_LE(ran.output.size(), kMostOutput);
  EXPECT_LE(ran.errors.size(), kMostOutput);
  EXPECT_LT(Clock::now() - start, kPatience);
  EXPECT_LT(most_memory() - before, 300'000) << "KiB; the two are 64 MiB, and strings grow by doubling";
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
  for (const char* const left : {"setsid sleep 61", "setsid yes"}) {
    const Ran ran = shell(std::string(left) + " & sleep 0.1; exit 3", kPatience);
    EXPECT_EQ(ran.exit_code, 3) << left;
  }
  EXPECT_LT(Clock::now() - start, kPatience - 10s);
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

/// What a program does that is told to end while it waits for a child: it leaves neither child nor folder.
[[noreturn]] void wait_and_be_told(const std::string& script, const std::filesystem::path& mark) {
  {
    const ChildrenEndWithUs children;
    std::jthread sender([&] {
      while (!std::filesystem::exists(mark)) std::this_thread::sleep_for(10ms);
      ::kill(::getpid(), SIGTERM);
    });
    const Ran ran = shell(script, kPatience);
    std::filesystem::remove(mark);
    if (!ChildrenEndWithUs::told_to_end() || run_process({"true"}, kPatience).started) ::_exit(1);
  }
  ::_exit(2);
}

TEST(ChildrenEndWithUs, BySignalsAndWhatWaitsForThemComesToItsEnd) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const std::filesystem::path mark =
      std::filesystem::temp_directory_path() / ("runners-test-mark." + std::to_string(::getuid()));
  for (const char* const manner : {"exec sleep 100", "trap '' TERM; sleep 100 & sleep 101"}) {
    const auto start = Clock::now();
    EXPECT_EXIT(wait_and_be_told("touch " + mark.string() + "; " + manner, mark),
                ::testing::KilledBySignal(SIGTERM), "");
    EXPECT_FALSE(std::filesystem::exists(mark));
    EXPECT_LT(Clock::now() - start, kPatience);
  }
}

}  // namespace
}  // namespace pvh::runners
