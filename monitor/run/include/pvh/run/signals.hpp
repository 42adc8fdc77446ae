// Signals as something to poll.
#pragma once

#include <csignal>
#include <optional>

#include "pvh/base/unique_fd.hpp"

namespace pvh::run {

/// While it lives, the signals that ask a run to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT) and those of job
/// control (SIGTSTP, SIGCONT) arrive here, and SIGPIPE nowhere. One that was ignored before stays so: nohup
/// means it. Threads started meanwhile inherit the blocked signals, which is what an engine wants.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// What to poll for input; -1 where the host gave none.
  [[nodiscard]] int descriptor() const { return fd_.get(); }
  /// The next signal that has arrived, if any.
  [[nodiscard]] std::optional<int> next() const;

 private:
  UniqueFd fd_;
  sigset_t mask_before_{};
  struct sigaction pipe_before_{};
};

}  // namespace pvh::run
