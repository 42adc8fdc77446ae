#include "pvh/system/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "pvh/system/host_error.hpp"

namespace pvh::system {

namespace {

/// In the child: never returns. Calls only what is allowed between fork and exec: `moved`, as long as `fds`,
/// is the parent's allocation.
[[noreturn]] void become(char* const* arguments, std::span<const int> fds, std::span<int> moved, int report,
                         pid_t parent) {
  const auto give_up = [&report] {
    const int reason = errno;
    [[maybe_unused]] const ssize_t ignored = ::write(report, &reason, sizeof reason);
    ::_exit(127);
  };
  // Should the parent have died before this took effect, the kernel will not tell us; so look.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
  if (::getppid() != parent) ::_exit(127);
  ::setsid();

  // First out of the way of each other, then down to their numbers.
  const int count = static_cast<int>(fds.size());
  const auto move = [&give_up, first_free = count + 1](int fd) {
    const int there = ::fcntl(fd, F_DUPFD, first_free);
    if (there >= 0) return there;
    // So the kernel says that the number itself is more than the limit.
    if (errno == EINVAL) errno = EMFILE;
    give_up();
    return -1;
  };
  for (std::size_t i = 0; i < fds.size(); ++i) moved[i] = move(fds[i]);
  report = move(report);
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (::dup2(moved[i], static_cast<int>(i)) < 0) give_up();
  if (::dup2(report, count) < 0) give_up();
  report = count;
  ::fcntl(report, F_SETFD, FD_CLOEXEC);
  if (::close_range(static_cast<unsigned int>(count) + 1, ~0U, 0) != 0) give_up();

  // Blocked and ignored signals survive exec; the program shall find them as usual.
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT}) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  ::execvp(arguments[0], arguments);
  give_up();
  ::_exit(127);
}

/// glibc 2.36 declares pidfd_open for C only.
UniqueFd pidfd_of(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

Error start_error(const std::string& program, int error_number, Fault missing) {
  if (error_number == ENOENT) return Error{.what = missing, .subject = program};
  if (error_number == EMFILE) return host_error("descriptors to start " + program, error_number);
  return Error{.what = Fault::kProgramNotRunnable,
               .subject = program,
               .found = std::string(std::strerror(error_number))};
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments, std::span<const int> fds,
                               Fault missing) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return std::unexpected(host_error("pipe", errno));
  const UniqueFd read_end(report[0]);
  UniqueFd write_end(report[1]);

  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<int> moved(fds.size());

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return std::unexpected(host_error("new process", errno));
  if (pid == 0) become(argv.data(), fds, moved, write_end.get(), parent);
  Process process(pid, pidfd_of(pid));
  if (!process.pidfd_) return std::unexpected(host_error("descriptor of a process (pidfd_open)", errno));

  // The pipe closes by itself when the program runs.
  write_end.reset();
  int reason = 0;
  ssize_t got;
  do got = ::read(read_end.get(), &reason, sizeof reason);
  while (got < 0 && errno == EINTR);
  if (got == sizeof reason) return std::unexpected(start_error(arguments.at(0), reason, missing));
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Process::~Process() {
  if (pid_ < 0) return;
  kill();
  [[maybe_unused]] const std::string how = wait();
}

void Process::kill() const {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

std::optional<std::string> Process::wait_for(std::chrono::milliseconds time) {
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, static_cast<int>(time.count())) <= 0) return std::nullopt;
  return wait();
}

std::string Process::wait() {
  int status = 0;
  pid_t waited;
  do waited = ::waitpid(pid_, &status, 0);
  while (waited < 0 && errno == EINTR);
  pid_ = -1;
  if (WIFEXITED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("status {:#x}", status);
}

}  // namespace pvh::system
