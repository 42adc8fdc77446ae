// QEMU's control connection (QMP): lines of JSON over a socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/unique_fd.hpp"

namespace pvh::qemu {

struct Version {
  int major = 0;
  int minor = 0;
  int micro = 0;
};

/// One line of QEMU's, as far as it interests us; the fields of other lines are all empty.
struct Message {
  std::optional<Version> greeting;
  std::string event;     ///< its name
  std::string reason;    ///< of a SHUTDOWN or BLOCK_IO_ERROR event
  std::string node;      ///< of a BLOCK_IO_ERROR: which disk
  bool reads = false;    ///< and what was done to it
  std::string reply_to;  ///< the id of the command that this answers
  std::string text;      ///< what a monitor command printed
};

/// Nothing for a line that is no JSON object.
[[nodiscard]] std::optional<Message> parse_message(std::string_view line);

class Control {
 public:
  explicit Control(UniqueFd socket) : socket_(std::move(socket)) {}

  /// What to poll for input; -1 once the other side has closed.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// What has arrived, without waiting.
  [[nodiscard]] std::vector<Message> receive();

  /// Both never wait; what QEMU does not take in time, the caller's deadline covers.
  void execute(std::string_view command);
  /// A command of the human monitor; the reply comes under `id`.
  void ask(std::string_view id, std::string_view command_line);

 private:
  void send(std::string_view text);

  UniqueFd socket_;
  std::string unfinished_;
};

}  // namespace pvh::qemu
