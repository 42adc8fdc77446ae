#include "pvh/run/terminal.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace pvh::run {

namespace {

// A crash of our own must not leave the user a dead terminal either, nor a signal that kills. The handler
// restores the terminal, puts the earlier handlers back and lets the signal go on to them.
constexpr std::array kCrashes{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
// Guarded only while their action is the default one, which is to kill. An engine may use one of them for
// itself.
constexpr std::array kKillers{SIGSYS,  SIGTRAP, SIGXCPU, SIGXFSZ,   SIGALRM, SIGVTALRM,
                              SIGPROF, SIGUSR1, SIGUSR2, SIGSTKFLT, SIGIO,   SIGPWR};

struct Guard {
  int signal = 0;
  bool set = false;
  struct sigaction earlier{};
};
std::array<Guard, kCrashes.size() + kKillers.size()> guards;
termios crash_settings;
std::atomic<int> crash_terminal{-1};

void on_signal(int signal, siginfo_t* info, void*);

void put_back_handlers() {
  for (Guard& guard : guards) {
    if (!guard.set) continue;
    guard.set = false;
    // A handler that was set after ours stays.
    struct sigaction now{};
    ::sigaction(guard.signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal)
      ::sigaction(guard.signal, &guard.earlier, nullptr);
  }
}

/// Whether the instruction that caused this runs again when the handler returns. A sent signal has no such
/// instruction; nor has what the kernel sends of itself, such as a timer's.
bool comes_again(int signal, const siginfo_t& info) {
  if (info.si_code <= 0) return false;
  if (signal == SIGBUS) return info.si_code != BUS_MCEERR_AO;
  return signal == SIGSEGV || signal == SIGILL || signal == SIGFPE;
}

void on_signal(int signal, siginfo_t* info, void*) {
  const int errno_before = errno;
  const int terminal = crash_terminal.exchange(-1);
  if (terminal >= 0) ::tcsetattr(terminal, TCSANOW, &crash_settings);
  put_back_handlers();
  // A fault must not be raised: the earlier handler would not learn its address.
  if (!comes_again(signal, *info)) ::raise(signal);
  errno = errno_before;
}

void guard_against_crashes(int terminal, const termios& settings) {
  crash_settings = settings;
  crash_terminal = terminal;
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  ::sigaddset(&action.sa_mask, SIGTTOU);  // in the background tcsetattr would stop us
  std::size_t i = 0;
  const auto guard = [&](int signal, bool always) {
    Guard& one = guards[i++];
    one.signal = signal;
    ::sigaction(signal, nullptr, &one.earlier);
    const bool kills = (one.earlier.sa_flags & SA_SIGINFO) == 0 && one.earlier.sa_handler == SIG_DFL;
    one.set = (always || kills) && ::sigaction(signal, &action, nullptr) == 0;
  };
  for (const int signal : kCrashes) guard(signal, true);
  for (const int signal : kKillers) guard(signal, false);
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
