#include "pvh/run/supervisor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace pvh::run {
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
  system::EventLoop loop;
  loop.add(supervisor);
  loop.turn(system::Waits::Clock::now() + std::chrono::milliseconds(timeout));
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
}

TEST(Supervisor, ATimeLimitBeyondTheClockIsNone) {
  const Ends out;
  const Supervisor supervisor(-1, out.writer.get(), std::chrono::milliseconds::max());
  EXPECT_FALSE(supervisor.verdict());
}

TEST(Supervisor, TurnsASignalIntoAVerdictInsteadOfADeath) {
  const Ends out;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // A shell's background job ignores SIGINT, and what nohup starts SIGHUP.
    ::signal(signal, SIG_DFL);
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
  EXPECT_FALSE(supervisor.verdict()) << "he has read all that there was";
  supervisor.print(as_bytes("hello"));
  serve(supervisor, 50);
  ASSERT_TRUE(supervisor.verdict());
  EXPECT_EQ(supervisor.verdict()->signal, SIGPIPE);
}

TEST(Supervisor, AFullDiskIsAnErrorAndNotAnEndingByTheReader) {
  const UniqueFd full(::open("/dev/full", O_WRONLY));
  Supervisor supervisor(-1, full.get(), std::nullopt);
  EXPECT_FALSE(supervisor.output_error());
  supervisor.print(as_bytes("hello"));
  if (!supervisor.verdict()) serve(supervisor, 5000);
  EXPECT_TRUE(supervisor.verdict());
  ASSERT_TRUE(supervisor.output_error());
  EXPECT_EQ(supervisor.output_error()->what, Fault::kOutputFailed);
}

TEST(Supervisor, PausesTheMachineBeforeThisProcessStops) {
  const Ends said;
  const Ends out;
  const pid_t child = ::fork();
  if (child == 0) {
    Supervisor supervisor(-1, out.writer.get(), std::nullopt);
    struct Machine final : Pausable {
      explicit Machine(int said) : said_(said) {}
      void say(char what) const { (void)!::write(said_, &what, 1); }
      void pause() override { say('s'); }
      void resume() override {
        say('c');
        went_on = true;
      }
      int said_;
      bool went_on = false;
    } machine(said.writer.get());
    supervisor.pauses(machine);
    machine.say('r');
    while (!machine.went_on) serve(supervisor, 5000);
    ::_exit(0);
  }
  const auto next = [&said] {
    char what = 0;
    EXPECT_EQ(::read(said.reader.get(), &what, 1), 1);
    return what;
  };
  EXPECT_EQ(next(), 'r');
  ::kill(child, SIGTSTP);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  EXPECT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(next(), 's');
  ::kill(child, SIGCONT);
  EXPECT_EQ(next(), 'c');
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
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
  const auto start = Supervisor::Clock::now();
  system::EventLoop loop;
  loop.add(supervisor);
  while (!supervisor.verdict()) loop.turn();
  EXPECT_GE(Supervisor::Clock::now() - start, PanicWatch::kSilence - 100ms);
  ASSERT_TRUE(supervisor.verdict());
  EXPECT_EQ(supervisor.verdict()->ending, Ending::kPanic);
  EXPECT_EQ(supervisor.verdict()->detail, "Kernel panic - not syncing: why");
}

}  // namespace
}  // namespace pvh::run
