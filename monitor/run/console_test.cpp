#include "pvh/run/console.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace pvh::run {
namespace {

TEST(EscapeFilter, PassesWhatIsNotOurs) {
  EscapeFilter filter;
  EXPECT_EQ(filter.sort(std::byte{'x'}).to_guest, std::byte{'x'});
  EXPECT_EQ(filter.sort(std::byte{3}).to_guest, std::byte{3}) << "Ctrl-C is the guest's";
}

TEST(EscapeFilter, KnowsItsKeys) {
  EscapeFilter filter;
  EXPECT_FALSE(filter.sort(kEscapeKey).to_guest);
  EXPECT_EQ(filter.sort(std::byte{'x'}).command, EscapeFilter::Command::kEnd);
  EXPECT_FALSE(filter.sort(kEscapeKey).to_guest);
  EXPECT_EQ(filter.sort(kEscapeKey).to_guest, kEscapeKey);
  EXPECT_FALSE(filter.sort(kEscapeKey).to_guest);
  EXPECT_EQ(filter.sort(std::byte{'h'}).command, EscapeFilter::Command::kHelp);
  EXPECT_EQ(filter.sort(std::byte{'h'}).to_guest, std::byte{'h'});
}

struct Pty {
  Pty() {
    int master_fd = -1;
    int slave_fd = -1;
    EXPECT_EQ(::openpty(&master_fd, &slave_fd, nullptr, nullptr, nullptr), 0);
    master.reset(master_fd);
    slave.reset(slave_fd);
  }
  [[nodiscard]] termios settings() const {
    termios found{};
    EXPECT_EQ(::tcgetattr(slave.get(), &found), 0);
    return found;
  }
  void type(std::string_view keys) const {
    EXPECT_EQ(::write(master.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  UniqueFd master;
  UniqueFd slave;
};

bool same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
}

/// What the console waits for now.
std::vector<pollfd> prepared(Console& console) {
  std::vector<pollfd> polled;
  system::Waits waits(polled);
  console.prepare(waits);
  return polled;
}

void serve_once(Console& console) {
  std::vector<pollfd> polled = prepared(console);
  ASSERT_GT(::poll(polled.data(), polled.size(), 5000), 0);
  console.serve(polled);
}

TEST(Console, MakesATerminalRawAndRestoresIt) {
  const Pty pty;
  const termios before = pty.settings();
  {
    const Console console(pty.slave.get(), pty.slave.get());
    EXPECT_EQ(pty.settings().c_lflag & (ICANON | ECHO | ISIG), 0U);
    EXPECT_NE(pty.settings().c_oflag & OPOST, 0U);
  }
  EXPECT_TRUE(same(pty.settings(), before));
}

TEST(Console, RestoresTheTerminalAlsoWhenWeCrash) {
  const Pty pty;
  const termios before = pty.settings();
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    const Console console(pty.slave.get(), pty.slave.get());
    std::abort();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  EXPECT_TRUE(same(pty.settings(), before));
}

TEST(Console, TellsCtrlAXFromWhatIsForTheGuest) {
  const Pty pty;
  Console console(pty.slave.get(), pty.slave.get());
  pty.type("ls\r\x03\x01\x01");
  while (console.typed().size() < 5) serve_once(console);
  EXPECT_EQ(as_text(console.typed()), "ls\r\x03\x01");
  EXPECT_FALSE(console.end_asked());
  pty.type("\x01x");
  while (!console.end_asked()) serve_once(console);
  EXPECT_EQ(as_text(console.typed()), "ls\r\x03\x01");
}

TEST(Console, CtrlAXEndsEvenAGuestThatTakesNoKeys) {
  const Pty pty;
  Console console(pty.slave.get(), pty.slave.get());
  const std::string keys(1000, 'k');
  while (console.typed().size() < 64 * 1024) {
    pty.type(keys);
    serve_once(console);
  }
  pty.type("\x01x");
  serve_once(console);
  for (int i = 0; i < 100 && !console.end_asked(); ++i) serve_once(console);
  EXPECT_TRUE(console.end_asked());
}

TEST(Console, AfterAStopTheTerminalIsRawAgainWhateverAShellMadeOfIt) {
  const Pty pty;
  const termios before = pty.settings();
  {
    Console console(pty.slave.get(), pty.slave.get());
    ::tcsetattr(pty.slave.get(), TCSANOW, &before);  // a shell does so when a job is stopped by SIGSTOP
    console.resume();
    EXPECT_EQ(pty.settings().c_lflag & (ICANON | ECHO | ISIG), 0U);
  }
  EXPECT_TRUE(same(pty.settings(), before));
}

TEST(Console, TakesTheTerminalOnceItComesToTheForeground) {
  const Pty pty;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t shell = ::fork();
  if (shell == 0) {
    // A session of our own, with a job in the background of its terminal.
    ::signal(SIGTTOU, SIG_IGN);
    ::setsid();
    ::ioctl(pty.slave.get(), TIOCSCTTY, 0);
    const pid_t job = ::fork();
    if (job == 0) {
      ::setpgid(0, 0);
      Console console(pty.slave.get(), -1);
      const auto looks_again = [&console] {
        std::vector<pollfd> polled;
        system::Waits waits(polled);
        console.prepare(waits);
        return waits.when().has_value();
      };
      const bool waited = looks_again();
      ::tcsetpgrp(pty.slave.get(), ::getpgrp());  // what a shell's `fg` does
      const std::vector<pollfd> polled = prepared(console);
      const bool raw = (pty.settings().c_lflag & ICANON) == 0;
      ::_exit(waited && raw && polled[0].fd >= 0 && !looks_again() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(job, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(shell, &status, 0), shell);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Console, WithoutATerminalEveryByteIsTheGuests) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd in(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "\x01x", 2), 2);
  Console console(in.get(), -1);
  serve_once(console);
  EXPECT_EQ(as_text(console.typed()), "\x01x");
  EXPECT_FALSE(console.end_asked());
}

TEST(Console, StopsReadingKeysThatTheGuestDoesNotTake) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd in(ends[0]);
  const UniqueFd writer(ends[1]);
  const std::string keys(4096, 'k');
  Console console(in.get(), -1);
  std::vector<pollfd> polled;
  for (int i = 0; i < 100 && (i == 0 || polled.at(0).fd >= 0); ++i) {
    ASSERT_EQ(::write(writer.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    serve_once(console);
    polled = prepared(console);
  }
  EXPECT_EQ(polled[0].fd, -1);
  console.delivered(1);
  polled = prepared(console);
  EXPECT_NE(polled[0].fd, -1);
}

TEST(Console, PollsNothingOnceInputHasEnded) {
  const UniqueFd null(::open("/dev/null", O_RDWR));
  Console console(null.get(), null.get());
  serve_once(console);
  EXPECT_EQ(prepared(console)[0].fd, -1);
}

}  // namespace
}  // namespace pvh::run
