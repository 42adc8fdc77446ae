#include "pvh/run/terminal.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>

namespace pvh::run {

namespace {

// A crash of our own must not leave the user a dead terminal either. The handler restores it, puts the
// earlier handlers back and raises the signal again: they meet it once this one returns.
constexpr std::array kCrashes{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
std::array<struct sigaction, kCrashes.size()> earlier_handlers;
termios crash_settings;
std::atomic<int> crash_terminal{-1};

void put_back_handlers() {
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &earlier_handlers[i], nullptr);
}

void on_crash(int signal) {
  const int terminal = crash_terminal.exchange(-1);
  if (terminal >= 0) ::tcsetattr(terminal, TCSANOW, &crash_settings);
  put_back_handlers();
  // A fault would come again by itself; a signal that somebody sent would not.
  ::raise(signal);
}

void guard_against_crashes(int terminal, const termios& settings) {
  crash_settings = settings;
  crash_terminal = terminal;
  struct sigaction action{};
  action.sa_handler = on_crash;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &action, &earlier_handlers[i]);
}

/// tcsetattr from the background would stop us, unless SIGTTOU is blocked.
void set(int fd, const termios& settings) {
  sigset_t ttou;
  sigset_t before;
  ::sigemptyset(&ttou);
  ::sigaddset(&ttou, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &ttou, &before);
  // Not TCSADRAIN: that waits for a reader who may never come, and what is written looks the same either way.
  ::tcsetattr(fd, TCSANOW, &settings);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

Terminal::Terminal(int fd) : fd_(fd), is_terminal_(::isatty(fd) == 1) {
  enter();
}

Terminal::~Terminal() {
  leave();
}

bool Terminal::is_ours() const {
  if (!is_terminal_) return true;
  const pid_t foreground = ::tcgetpgrp(fd_);
  return foreground < 0 ||
         foreground == ::getpgrp();  // below 0: not our controlling terminal, so no job control
}

void Terminal::enter() {
  if (!is_terminal_ || raw_ || !is_ours()) return;
  if (::tcgetattr(fd_, &found_) != 0) return;
  wanted_ = found_;
  ::cfmakeraw(&wanted_);
  wanted_.c_oflag |= OPOST;  // a guest that ends its lines with \n alone stays readable
  wanted_.c_cc[VMIN] = 1;
  wanted_.c_cc[VTIME] = 0;
  guard_against_crashes(fd_, found_);
  set(fd_, wanted_);
  raw_ = true;
}

void Terminal::leave() {
  if (!raw_) return;
  if (is_ours()) set(fd_, found_);
  forget();
}

void Terminal::resume() {
  // Whoever had the terminal meanwhile, such as a shell, has made it what suits him.
  if (raw_ && !is_ours()) forget();
  if (raw_) set(fd_, wanted_);
  enter();
}

void Terminal::forget() {
  raw_ = false;
  crash_terminal = -1;
  put_back_handlers();
}

}  // namespace pvh::run
