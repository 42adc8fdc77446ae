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
  std::string output;    ///< standard output; 32 MiB at most
  std::string errors;    ///< standard error, likewise; what is more is dropped
  std::string reason;    ///< where it could not be started
  bool enough = false;   ///< ended by us: it had said all that was wanted
  bool flooded = false;  ///< of its output there was more than is kept; ended by us if it had not
};

/// The most of each of its streams that is kept, and that it may write into a file.
inline constexpr std::size_t kMostOutput = std::size_t{32} << 20U;

/// Called now and then with the output so far; what it returns is written to the program's standard input,
/// all of it before the next call.
using Talk = std::function<std::string(std::string_view output)>;

/// Asked when there is more output: whether the rest of it matters no more.
using Enough = std::function<bool(std::string_view output)>;

/// `file`: where the program writes its output instead; it is watched for its size. Where a signal told this
/// program to end (ChildrenEndWithUs), none is started, and the one that runs is ended.
[[nodiscard]] Ran run_process(const std::vector<std::string>& command, std::chrono::milliseconds limit,
                              const Talk& talk = {}, const Enough& enough = {}, const std::string& file = {});

/// The command as a shell takes it.
[[nodiscard]] std::string shell_text(const std::vector<std::string>& command);

/// While it lives, a signal that would end this program ends its children instead, and what waits for them
/// comes to its end soon and in order: files and folders go as always. Then the signal does what it was sent
/// for, by the destructor. One at a time.
class ChildrenEndWithUs {
 public:
  ChildrenEndWithUs();
  ChildrenEndWithUs(const ChildrenEndWithUs&) = delete;
  ChildrenEndWithUs& operator=(const ChildrenEndWithUs&) = delete;
  ~ChildrenEndWithUs();

  /// Whether such a signal came.
  [[nodiscard]] static bool told_to_end();
};

}  // namespace pvh::runners
