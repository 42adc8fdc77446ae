#include "pvh/engine/supervisor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace pvh::engine {
namespace {

using namespace std::chrono_literals;

struct Ends {
  Ends() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe(fds.data()), 0);
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  UniqueFd reader;
  UniqueFd writer;
};

void serve(Supervisor& supervisor, int timeout) {
  std::array<pollfd, Supervisor::kPolled> polled{};
  supervisor.prepare(polled);
  if (::poll(polled.data(), polled.size(), timeout) > 0) supervisor.serve(polled);
}

TEST(Supervisor, EndsARunAtItsTimeLimit) {
  const Ends out;
  const Supervisor supervisor(-1, out.writer.get(), 0ms);
  ASSERT_TRUE(supervisor.verdict());
  EXPECT_EQ(supervisor.verdict()->ending, Ending::kTimeLimit);
}

TEST(Supervisor, HasNoVerdictWhileAllIsWell) {
  const Ends out;
  const Supervisor supervisor(-1, out.writer.get(), 1h);
  EXPECT_FALSE(supervisor.verdict());
  EXPECT_TRUE(supervisor.wake_at());
}

TEST(Supervisor, ATimeLimitBeyondTheClockIsNone) {
  const Ends out;
  const Supervisor supervisor(-1, out.writer.get(), std::chrono::milliseconds::max());
  EXPECT_FALSE(supervisor.verdict());
}

TEST(Supervisor, TurnsASignalIntoAVerdictInsteadOfADeath) {
  const Ends out;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Supervisor supervisor(-1, out.writer.get(), std::nullopt);
    ::kill(::getpid(), signal);
    serve(supervisor, 5000);
    ASSERT_TRUE(supervisor.verdict());
    EXPECT_EQ(supervisor.verdict()->ending, Ending::kEnded);
    EXPECT_EQ(supervisor.verdict()->signal, signal);
  }
}

TEST(Supervisor, PutsSignalsBackAsTheyWere) {
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const Supervisor supervisor(-1, -1, std::nullopt);
  }
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP})
    EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal));
  struct sigaction pipe{};
  ::sigaction(SIGPIPE, nullptr, &pipe);
  EXPECT_EQ(pipe.sa_handler, SIG_DFL);
}

TEST(Supervisor, LeavesAnIgnoredSignalIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  const Ends out;
  {
    Supervisor supervisor(-1, out.writer.get(), std::nullopt);
    ::kill(::getpid(), SIGHUP);
    serve(supervisor, 50);
    EXPECT_FALSE(supervisor.verdict());
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST(Supervisor, EndsARunWhoseOutputNobodyReads) {
  Ends out;
  Supervisor supervisor(-1, out.writer.get(), std::nullopt);
  supervisor.print(as_bytes("hello"));
  out.reader.reset();
  serve(supervisor, 5000);
  ASSERT_TRUE(supervisor.verdict());
  EXPECT_EQ(supervisor.verdict()->signal, SIGPIPE);
}

TEST(Supervisor, FlushGivesUpOnAReaderWhoDoesNotReadOnceTimeIsUp) {
  const Ends out;
  Supervisor supervisor(-1, out.writer.get(), 100ms);
  const std::string line(4096, 'x');
  while (supervisor.room() >= line.size()) supervisor.print(as_bytes(line));
  supervisor.flush();  // fills the pipe
  while (supervisor.room() >= line.size()) supervisor.print(as_bytes(line));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(supervisor.flush());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_EQ(supervisor.verdict()->ending, Ending::kTimeLimit);
}

TEST(Supervisor, CallsAGuestThatPanickedAndFellSilentPanicked) {
  const Ends out;
  Supervisor supervisor(-1, out.writer.get(), std::nullopt);
  supervisor.print(
      as_bytes("Kernel panic - not syncing: why\n---[ end Kernel panic - not syncing: why ]---\n"));
  EXPECT_FALSE(supervisor.verdict());
  ASSERT_TRUE(supervisor.wake_at());
  while (Supervisor::Clock::now() < *supervisor.wake_at())
    serve(supervisor, poll_timeout(supervisor.wake_at()));
  ASSERT_TRUE(supervisor.verdict());
  EXPECT_EQ(supervisor.verdict()->ending, Ending::kPanic);
  EXPECT_EQ(supervisor.verdict()->detail, "Kernel panic - not syncing: why");
}

}  // namespace
}  // namespace pvh::engine
