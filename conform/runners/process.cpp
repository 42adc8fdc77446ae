#include "pvh/runners/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "pvh/base/unique_fd.hpp"

extern char** environ;

namespace pvh::runners {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = std::size_t{32} << 20U;
constexpr std::chrono::milliseconds kTick{20};

// The groups of the children that live: what a signal handler may look at.
std::array<std::atomic<pid_t>, 16> g_children;

constexpr std::array<int, 4> kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void end_children(int signal) {
  for (const auto& child : g_children)
    if (const pid_t group = child.load(); group > 0) ::kill(-group, SIGKILL);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

class Registered {
 public:
  explicit Registered(pid_t child) {
    for (auto& slot : g_children) {
      pid_t none = 0;
      if (!slot.compare_exchange_strong(none, child)) continue;
      slot_ = &slot;
      return;
    }
  }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  ~Registered() {
    if (slot_ != nullptr) slot_->store(0);
  }

 private:
  std::atomic<pid_t>* slot_ = nullptr;
};

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Standard streams are these pipes, and signals are as at the start of any program.
int spawn(pid_t& pid, const std::vector<std::string>& command, const Pipe& in, const Pipe& out,
          const Pipe& err) {
  std::vector<std::string> texts = command;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.reader.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.writer.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.writer.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  // A group of its own: what it starts can be ended with it.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int problem = ::posix_spawnp(&pid, pointers[0], &actions, &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return problem;
}

/// Reads what is there; false at the end of the stream.
bool take(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  const auto room = kMostOutput - std::min(kMostOutput, into.size());
  into.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  return count > 0;
}

/// Takes what the program prints until it has ended or is late.
void listen(pid_t pid, Ran& ran, UniqueFd& in, UniqueFd& out, UniqueFd& err, Clock::time_point deadline,
            const Talk& talk, const Enough& enough) {
  int status = 0;
  bool ended = false;
  std::size_t looked_at = 0;
  while (!ended || out || err) {
    std::array<pollfd, 2> polled{{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(kTick.count())) > 0) {
      if (polled[0].revents != 0 && !take(out.get(), ran.output)) out.reset();
      if (polled[1].revents != 0 && !take(err.get(), ran.errors)) err.reset();
    } else if (ended) {
      break;  // something that it left behind holds the pipe
    }
    if (!ended && ::waitpid(pid, &status, WNOHANG) == pid) ended = true;
    if (talk && in && !ended) {
      const std::string words = talk(ran.output);
      if (::write(in.get(), words.data(), words.size()) < 0 && errno != EAGAIN) in.reset();
    }
    const bool more = ran.output.size() > looked_at;
    looked_at = ran.output.size();
    if (!ended && more && enough && enough(ran.output)) ran.enough = true;
    if (!ended && (ran.enough || Clock::now() >= deadline)) {
      ran.late = !ran.enough;
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      ended = true;
    }
  }
  ::kill(-pid, SIGKILL);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ran.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

Ran run_process(const std::vector<std::string>& command, std::chrono::milliseconds limit, const Talk& talk,
                const Enough& enough) {
  Ran ran;
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  if (command.empty() || !in.reader || !out.reader || !err.reader) {
    ran.reason = "no pipe";
    return ran;
  }
  pid_t pid = 0;
  if (const int problem = spawn(pid, command, in, out, err); problem != 0) {
    ran.reason = std::strerror(problem);
    return ran;
  }
  ran.started = true;
  const Registered registered(pid);
  in.reader.reset();
  out.writer.reset();
  err.writer.reset();
  if (!talk) in.writer.reset();
  if (in.writer) ::fcntl(in.writer.get(), F_SETFL, O_NONBLOCK);
  listen(pid, ran, in.writer, out.reader, err.reader, Clock::now() + limit, talk, enough);
  return ran;
}

std::string shell_text(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) {
    if (!out.empty()) out += ' ';
    if (is_plain(word)) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

ChildrenEndWithUs::ChildrenEndWithUs() {
  for (const int signal : kEnding) {
    struct sigaction before{};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::signal(signal, end_children);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

ChildrenEndWithUs::~ChildrenEndWithUs() {
  for (const int signal : kEnding) {
    struct sigaction before{};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == end_children) ::signal(signal, SIG_DFL);
  }
  ::signal(SIGPIPE, SIG_DFL);
}

}  // namespace pvh::runners
