#include "pvh/system/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "pvh/system/side_pipe.hpp"

namespace pvh::system {
namespace {

using ::testing::HasSubstr;

constexpr Fault kMissing = Fault::kQemuMissing;

std::string temporary_script(const std::string& text) {
  std::string name = ::testing::TempDir() + "pvh-script-XXXXXX";
  const UniqueFd fd(::mkstemp(name.data()));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::fchmod(fd.get(), 0700);
  return name;
}

TEST(Process, TellsMissingFromNotRunnable) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::array<int, 1> fds{null.get()};
  const auto missing = Process::start({"no-such-program-anywhere"}, fds, kMissing);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, kMissing);
  EXPECT_EQ(missing.error().subject, "no-such-program-anywhere");
  const auto directory = Process::start({"/"}, fds, kMissing);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().what, Fault::kProgramNotRunnable);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD) << "no zombie may be left";
}

TEST(Process, GivesTheChildTheDescriptorsThatItIsToldAndNoOthers) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);  // inheritable on purpose
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const UniqueFd null(::open("/dev/null", O_RDWR));
  const std::array<int, 4> fds{null.get(), writer.get(), null.get(), null.get()};
  const std::string script = temporary_script("#!/bin/sh\nls /proc/$$/fd\n");
  auto process = Process::start({script}, fds, kMissing);
  ASSERT_TRUE(process);
  EXPECT_EQ(process->wait(), "exit status 0");
  ::unlink(script.c_str());
  writer.reset();
  char text[256];
  const ssize_t count = ::read(reader.get(), text, sizeof text);
  ASSERT_GT(count, 0);
  // 10 is where the shell keeps its script.
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(count)), "0\n1\n10\n2\n3\n");
}

TEST(Process, GivesTheChildAsManyDescriptorsAsItIsTold) {
  // So many that what does not fit on the stack runs over all of it. Each is open twice for a moment.
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlim_t count = std::min<rlim_t>(20000, before.rlim_max / 2 - 64);
  const rlimit enough{.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &enough), 0);

  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  std::vector<int> fds(count, null.get());
  fds.back() = writer.get();
  const std::string script =
      temporary_script("#!/bin/sh\nls /proc/$$/fd | wc -l > /proc/$$/fd/" + std::to_string(count - 1) + "\n");
  auto process = Process::start({script}, fds, kMissing);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(process);
  EXPECT_EQ(process->wait(), "exit status 0");
  ::unlink(script.c_str());
  writer.reset();
  char text[16];
  const ssize_t size = ::read(reader.get(), text, sizeof text);
  ASSERT_GT(size, 0);
  // One more is the shell's, for its script.
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), std::to_string(count + 1) + "\n");
}

TEST(Process, WithoutEnoughDescriptorsThatIsTheReason) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::array<int, 4> fds{null.get(), null.get(), null.get(), null.get()};
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  bool started = false;
  for (rlim_t most = 4; most < 32 && !started; ++most) {
    const rlimit few{.rlim_cur = most, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    auto process = Process::start({"true"}, fds, kMissing);
    ::setrlimit(RLIMIT_NOFILE, &before);
    if (process) {
      started = process->wait() == "exit status 0";
      // The program's own loader may need more than we do.
      continue;
    }
    EXPECT_EQ(process.error().what, Fault::kDescriptorLimit) << most;
  }
  EXPECT_TRUE(started) << "16 descriptors are enough for four, and what makes them";
}

TEST(Process, SaysHowItEnded) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::array<int, 3> fds{null.get(), null.get(), null.get()};
  auto process = Process::start({"sleep", "100"}, fds, kMissing);
  ASSERT_TRUE(process);
  process->kill();
  EXPECT_THAT(process->wait(), HasSubstr("killed by signal 9"));
}

TEST(SidePipe, KeepsTheLastLinesAndNoticesItsWord) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_NONBLOCK), 0);
  const UniqueFd writer(ends[1]);
  SidePipe pipe{UniqueFd{ends[0]}, "Triple fault"};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(::write(writer.get(), "Triple f\nlong line\n", 19), 19);
    pipe.serve();
  }
  EXPECT_FALSE(pipe.needle_seen());
  ASSERT_EQ(::write(writer.get(), "Triple ", 7), 7);
  pipe.serve();
  ASSERT_EQ(::write(writer.get(), "fault\nlast\n", 11), 11);
  pipe.serve();
  EXPECT_TRUE(pipe.needle_seen());
  EXPECT_EQ(pipe.last_lines(2, "; "), "Triple fault; last");
}

}  // namespace
}  // namespace pvh::system
