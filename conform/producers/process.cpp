#include "pvh/producers/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>
#include <variant>

#include "pvh/base/unique_fd.hpp"
#include "pvh/system/process.hpp"

namespace pvh::runners {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::seconds kToClearUp{
    2};  // of a program that was told to end, and then of what it left behind

// The groups of the children that are not reaped yet: what a signal handler may look at.
std::array<std::atomic<pid_t>, 16> g_children;

// How many threads are in the handler. While one is, no child that it may have read above is reaped.
std::atomic<int> g_in_handler{0};

constexpr std::array<int, 4> kEnding{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// The signal that told this program to end.
std::atomic<int> g_told{0};

void end_children(int signal) {
  const int before = errno;  // of whatever is interrupted
  // First this: a child that starts now looks at it.
  g_told.store(signal);
  ++g_in_handler;
  for (const auto& child : g_children)
    if (const pid_t group = child.load(); group > 0) ::kill(-group, SIGTERM);
  --g_in_handler;
  errno = before;
}

/// A child and its process group, which has the child's number. The child stays a zombie until this ends,
/// even after it has exited: a reaped number may soon name another process's group, which a signal would then
/// reach.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {
    for (auto& slot : g_children) {
      pid_t none = 0;
      if (!slot.compare_exchange_strong(none, pid)) continue;
      slot_ = &slot;
      return;
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Kills what is left of the group, then reaps the child.
  ~Child() {
    signal_group(SIGKILL);
    if (slot_ != nullptr) slot_->store(0);
    // A handler on another thread may have read the number just before.
    while (g_in_handler.load() != 0) std::this_thread::yield();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  void signal_group(int number) const { ::kill(-pid_, number); }

  /// How the child ended; nothing while it runs. All zeros where there is no such child of ours any more.
  [[nodiscard]] std::optional<siginfo_t> ended() const { return wait(WNOHANG); }
  /// Waits for the end.
  [[nodiscard]] std::optional<siginfo_t> await_end() const { return wait(0); }

 private:
  [[nodiscard]] std::optional<siginfo_t> wait(int flags) const {
    siginfo_t info{};
    int done = 0;
    do done = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | flags);
    while (done < 0 && errno == EINTR);
    if (done == 0 && info.si_pid == 0) return std::nullopt;
    return info;
  }

  pid_t pid_;
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

/// Why a program was not started.
std::string reason_of(const Error& error) {
  const auto* const reason = std::get_if<std::string>(&error.found);
  return reason != nullptr ? *reason : "there is no such program";
}

/// What one of a program's streams brought.
struct Stream {
  std::string& text;
  bool cut = false;  ///< there was more than is kept

  /// Reads what is there; false at the end of the stream.
  bool take(int fd) {
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    const auto read = static_cast<std::size_t>(count);
    const std::size_t room = kMostOutput - text.size();
    cut = cut || read > room;
    text.append(buffer.data(), std::min(read, room));
    return read > 0;
  }
};

bool is_too_large(const std::string& file) {
  struct stat about{};
  return !file.empty() && ::stat(file.c_str(), &about) == 0 &&
         about.st_size > static_cast<off_t>(kMostOutput);
}

/// A program that runs: what it prints is taken until it has ended, or has to.
class Listener {
 public:
  Listener(const Child& child, Ran& ran, Clock::time_point deadline)
      : child_(child), ran_(ran), out_{ran.output}, err_{ran.errors}, deadline_(deadline) {}

  void listen(UniqueFd& in, UniqueFd& out, UniqueFd& err, const Talk& talk, const Enough& enough,
              const std::string& file) {
    while (!ended_ || out || err) {
      if (!take_some(out, err) && ended_) break;  // something that it left behind holds the pipe
      if (const auto end = ended_ ? std::nullopt : child_.ended()) has_ended(*end);
      if (ended_ && Clock::now() >= deadline_) break;  // … or even writes to it
      if (ended_) continue;
      if (talk && in) say(in, talk);
      const bool more = ran_.output.size() > looked_at_;
      looked_at_ = ran_.output.size();
      ran_.enough = more && enough && enough(ran_.output);
      ran_.flooded = !ran_.enough && has_flooded(file);
      hurry();
      ran_.late = !ran_.enough && !ran_.flooded && Clock::now() >= deadline_;
      if (ran_.enough || ran_.flooded || ran_.late) end();
    }
    // What came with the end was not looked at.
    if (!ran_.enough && enough && ran_.output.size() > looked_at_) ran_.enough = enough(ran_.output);
    ran_.flooded = !ran_.enough && has_flooded(file);
  }

 private:
  /// Where its output goes into a file, its streams are a console for whoever sits there.
  [[nodiscard]] bool has_flooded(const std::string& file) const {
    return file.empty() ? out_.cut : is_too_large(file);
  }

  /// False where nothing came for a while.
  bool take_some(UniqueFd& out, UniqueFd& err) {
    std::array<pollfd, 2> polled{{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(kTick.count())) <= 0) return false;
    if (polled[0].revents != 0 && !out_.take(out.get())) out.reset();
    if (polled[1].revents != 0 && !err_.take(err.get())) err.reset();
    return true;
  }

  void say(UniqueFd& in, const Talk& talk) {
    if (words_.empty()) words_ = talk(ran_.output);
    if (words_.empty()) return;
    const ssize_t count = ::write(in.get(), words_.data(), words_.size());
    if (count >= 0)
      words_.erase(0, static_cast<std::size_t>(count));
    else if (errno != EAGAIN && errno != EINTR)
      in.reset();
  }

  /// A child that was told to end clears up after itself, in a while.
  void hurry() {
    if (hurried_ || g_told.load() == 0) return;
    hurried_ = true;
    child_.signal_group(SIGTERM);  // it may have begun after the signal
    deadline_ = std::min(deadline_, Clock::now() + kToClearUp);
  }

  void end() {
    child_.signal_group(SIGKILL);
    if (const auto end = child_.await_end()) has_ended(*end);
  }

  void has_ended(const siginfo_t& end) {
    ended_ = true;
    ran_.exit_code = end.si_code == CLD_EXITED ? end.si_status : -1;
    ran_.signal = end.si_code == CLD_EXITED ? 0 : end.si_status;
    deadline_ = Clock::now() + kToClearUp;
  }

  const Child& child_;
  Ran& ran_;
  Stream out_;
  Stream err_;
  Clock::time_point deadline_;
  bool ended_ = false;
  bool hurried_ = false;
  std::size_t looked_at_ = 0;
  std::string words_;  ///< to be said, in part already
};

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

Ran run_process(const std::vector<std::string>& command, std::chrono::milliseconds limit, const Talk& talk,
                const Enough& enough, const std::string& file) {
  Ran ran;
  if (ChildrenEndWithUs::told_to_end()) {
    ran.reason = "a signal came";
    return ran;
  }
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  if (command.empty() || !in.reader || !out.reader || !err.reader) {
    ran.reason = "no pipe";
    return ran;
  }
  auto process = system::Process::start(
      command, std::array{in.reader.get(), out.writer.get(), err.writer.get()}, Fault::kProgramNotRunnable);
  if (!process) {
    ran.reason = reason_of(process.error());
    return ran;
  }
  const pid_t pid = process->id();
  process->leave();
  ran.started = true;
  const Child child(pid);
  in.reader.reset();
  out.writer.reset();
  err.writer.reset();
  if (!talk) in.writer.reset();
  if (in.writer) ::fcntl(in.writer.get(), F_SETFL, O_NONBLOCK);
  Listener(child, ran, Clock::now() + limit).listen(in.writer, out.reader, err.reader, talk, enough, file);
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
  if (const int signal = g_told.exchange(0); signal != 0) ::raise(signal);
}

bool ChildrenEndWithUs::told_to_end() {
  return g_told.load() != 0;
}

}  // namespace pvh::runners
