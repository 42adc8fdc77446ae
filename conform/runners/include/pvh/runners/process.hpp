// A monitor as a child process: started, listened to, and ended in time, with all that it started itself.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pvh::runners {

struct Ran {
  bool started = false;
  bool late = false;   ///< killed at the time limit
  int exit_code = -1;  ///< -1: a signal ended it
  int signal = 0;
  std::string output;   ///< standard output; 32 MiB at most
  std::string errors;   ///< standard error, likewise
  std::string reason;   ///< where it could not be started
  bool enough = false;  ///< ended by us: it had said all that was wanted
};

/// Called now and then with the output so far; what it returns is written to the program's standard input.
using Talk = std::function<std::string(std::string_view output)>;

/// Asked when there is more output: whether the rest of it matters no more.
using Enough = std::function<bool(std::string_view output)>;

[[nodiscard]] Ran run_process(const std::vector<std::string>& command, std::chrono::milliseconds limit,
                              const Talk& talk = {}, const Enough& enough = {});

/// The command as a shell takes it.
[[nodiscard]] std::string shell_text(const std::vector<std::string>& command);

/// While it lives, a signal that ends this program ends the children first.
class ChildrenEndWithUs {
 public:
  ChildrenEndWithUs();
  ChildrenEndWithUs(const ChildrenEndWithUs&) = delete;
  ChildrenEndWithUs& operator=(const ChildrenEndWithUs&) = delete;
  ~ChildrenEndWithUs();
};

}  // namespace pvh::runners
