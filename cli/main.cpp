// pvh: boots kernels by the direct boot contract.

#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "commands.hpp"
#include "output.hpp"

namespace {

struct Dispatch {
  int operator()(const pvh::cli::InspectOptions& options) const { return inspect(options); }
  int operator()(const pvh::cli::ExtractOptions& options) const { return extract(options); }
  int operator()(const pvh::cli::PlanOptions& options) const { return plan(options); }
  int operator()(const pvh::cli::RunOptions& options) const { return run(options); }
  int operator()(const pvh::cli::CacheOptions& options) const { return cache_command(options); }
  int operator()(const pvh::cli::ConformOptions& options) const { return conform(options); }
  int operator()(const pvh::cli::TextWanted& wanted) const {
    return pvh::cli::print(wanted.text) ? pvh::cli::kExitDone : pvh::cli::kExitError;
  }
};

/// Whichever thread it was that asked: nothing can go on without.
void say_that_memory_is_short() {
  constexpr std::string_view kText =
      "pvh: the host has no more memory for the monitor itself. Raise the limit (`ulimit -v`).\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(pvh::cli::kExitError);
}

}  // namespace

int main(int count, char** arguments) {
  std::set_new_handler(say_that_memory_is_short);
  // One heap beside the main thread's, for all others: each of its own would be 64 MiB of address space to
  // map, and pages to touch; with one in all, two threads wait for each other's page faults as a run starts.
  ::mallopt(M_ARENA_MAX, 2);
  // A limit on the size of files is an error of the write that meets it (`ulimit -f`).
  std::signal(SIGXFSZ, SIG_IGN);
  // Where the caller ignores it, the kernel reaps our children itself: waiting for them fails, and their
  // numbers may be another process's by the time that we signal them.
  std::signal(SIGCHLD, SIG_DFL);
  pvh::cli::occupy_standard_descriptors();
  const std::vector<std::string> texts(arguments + (count > 0 ? 1 : 0), arguments + count);
  const auto command = pvh::cli::parse_arguments(texts);
  if (!command) {
    pvh::cli::complain(command.error().text);
    return pvh::cli::kExitUsage;
  }
  return std::visit(Dispatch{}, *command);
}
