#include "pvh/run/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "pvh/base/unique_fd.hpp"
#include "pvh/system/mapped_file.hpp"

namespace pvh::run {
namespace {

/// A terminal of the test's own, which is nobody's controlling terminal.
struct Pty {
  Pty() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(master.get());
    ::unlockpt(master.get());
    slave.reset(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }
  [[nodiscard]] bool is_raw() const {
    termios settings{};
    ::tcgetattr(slave.get(), &settings);
    return (settings.c_lflag & (ICANON | ECHO)) == 0;
  }
  UniqueFd master;
  UniqueFd slave;
};

struct Death {
  int status = 0;
  bool left_raw = false;
  std::string words;  ///< on standard error
};

/// Runs `die` in a child whose terminal is raw.
Death death_in_raw_mode(const std::function<void()>& die) {
  const Pty pty;
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(writer.get(), STDERR_FILENO);
    const Terminal terminal(pty.slave.get());
    if (!pty.is_raw()) ::_exit(99);
    die();
    ::_exit(98);
  }
  writer.reset();
  Death death;
  std::array<char, 256> text{};
  for (ssize_t count; (count = ::read(reader.get(), text.data(), text.size())) > 0;)
    death.words.append(text.data(), static_cast<std::size_t>(count));
  EXPECT_EQ(::waitpid(child, &death.status, 0), child);
  death.left_raw = pty.is_raw();
  return death;
}

/// A file that is mapped before the terminal is made raw, as `pvh run` does.
class MappedTemporary {
 public:
  MappedTemporary() : name_(::testing::TempDir() + "pvh-terminal-XXXXXX") {
    const UniqueFd fd(::mkstemp(name_.data()));
    EXPECT_EQ(::ftruncate(fd.get(), 8192), 0);
    file_.emplace(system::MappedFile::open(name_, "the kernel").value());
  }
  MappedTemporary(const MappedTemporary&) = delete;
  MappedTemporary& operator=(const MappedTemporary&) = delete;
  ~MappedTemporary() { ::unlink(name_.c_str()); }

  void shrink_and_read() const {
    if (::truncate(name_.c_str(), 0) != 0) ::_exit(97);
    const volatile std::byte* byte = file_->bytes().data();
    static_cast<void>(byte[4096]);
  }

 private:
  std::string name_;
  std::optional<system::MappedFile> file_;
};

TEST(Terminal, IsRestoredWhenASignalKills) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF,
                           SIGUSR1, SIGUSR2, SIGSYS, SIGTRAP, SIGXFSZ}) {
    SCOPED_TRACE(::strsignal(signal));
    // A sanitizer has handlers of its own.
    struct sigaction before{};
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, &before);
    const Death death = death_in_raw_mode([signal] { ::kill(::getpid(), signal); });
    ::sigaction(signal, &before, nullptr);
    ASSERT_TRUE(WIFSIGNALED(death.status)) << death.status;
    EXPECT_EQ(WTERMSIG(death.status), signal);
    EXPECT_FALSE(death.left_raw);
  }
}

TEST(Terminal, IsRestoredWhenATimerKills) {
  const Death death = death_in_raw_mode([] {
    ::alarm(1);
    ::pause();
  });
  ASSERT_TRUE(WIFSIGNALED(death.status)) << death.status;
  EXPECT_EQ(WTERMSIG(death.status), SIGALRM);
  EXPECT_FALSE(death.left_raw);
}

TEST(Terminal, IsRestoredBeforeAFileThatBecameShorterIsNamed) {
  const MappedTemporary file;
  const Death death = death_in_raw_mode([&file] { file.shrink_and_read(); });
  ASSERT_TRUE(WIFEXITED(death.status)) << death.status;
  EXPECT_EQ(WEXITSTATUS(death.status), 1);
  EXPECT_NE(death.words.find("pvh-terminal-"), std::string::npos) << death.words;
  EXPECT_NE(death.words.find("the file became shorter"), std::string::npos) << death.words;
  EXPECT_FALSE(death.left_raw);
}

TEST(Terminal, LeavesABusErrorThatIsSentWithoutABlameOfFiles) {
  const MappedTemporary file;
  const Death death = death_in_raw_mode([] { ::kill(::getpid(), SIGBUS); });
  ASSERT_TRUE(WIFSIGNALED(death.status)) << death.status;
  EXPECT_EQ(WTERMSIG(death.status), SIGBUS);
  EXPECT_EQ(death.words, "");
  EXPECT_FALSE(death.left_raw);
}

TEST(Terminal, HandsAFaultOnWithItsAddress) {
  static void* volatile at;
  at = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action{};
  struct sigaction before{};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) { ::_exit(info->si_addr == at ? 42 : 43); };
  ::sigaction(SIGSEGV, &action, &before);
  const Death death = death_in_raw_mode([] { *static_cast<volatile char*>(at) = 1; });
  ::sigaction(SIGSEGV, &before, nullptr);
  ::munmap(at, 4096);
  ASSERT_TRUE(WIFEXITED(death.status)) << death.status;
  EXPECT_EQ(WEXITSTATUS(death.status), 42);
  EXPECT_FALSE(death.left_raw);
}

TEST(Terminal, LeavesAloneAHandlerThatIsSetWhileItIsRaw) {
  const Pty pty;
  struct sigaction own{};
  own.sa_handler = [](int) {};
  struct sigaction before{};
  struct sigaction after{};
  {
    const Terminal terminal(pty.slave.get());
    ::sigaction(SIGUSR1, &own, &before);
  }
  ::sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(after.sa_handler, own.sa_handler);
  ::signal(SIGUSR1, SIG_DFL);
}

}  // namespace
}  // namespace pvh::run
