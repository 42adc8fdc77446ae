// A child process that cannot outlive us.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::system {

/// A running program. Killed and waited for when this ends; killed by the kernel when we are (also by
/// SIGKILL).
class Process {
 public:
  /// Runs `arguments[0]`, searched in PATH where it has no slash. Descriptor i of the child is `fds[i]`; it
  /// has no others. It gets a session of its own, so that the terminal's signals reach us alone. To be called
  /// by a thread that lives as long as the child shall. `missing` is the fault to tell where there is no such
  /// program: its words know where to get it.
  [[nodiscard]] static Result<Process> start(const std::vector<std::string>& arguments,
                                             std::span<const int> fds, Fault missing);

  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Readable once the process has ended.
  [[nodiscard]] int descriptor() const { return pidfd_.get(); }
  [[nodiscard]] pid_t id() const { return pid_; }
  void kill() const;
  /// Waits for the end, and says how it was: "exit status 1", "killed by signal 9 (Killed)".
  [[nodiscard]] std::string wait();
  /// The same, but for no longer than that; nothing where it has not ended by then.
  [[nodiscard]] std::optional<std::string> wait_for(std::chrono::milliseconds time);
  /// From now on it is the kernel's to end.
  void leave() { pid_ = -1; }

 private:
  Process(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;  ///< -1 once it is not ours any more
  UniqueFd pidfd_;
};

}  // namespace pvh::system
