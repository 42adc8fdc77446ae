// The user's side of the guest's serial line: standard input and output, whatever they are. Reading and
// writing never block, and the descriptors are left as they were for whoever shares them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pvh/base/bytes.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::system {

enum class Direction : std::uint8_t { kInput, kOutput };

class Stream {
 public:
  Stream(int fd, Direction direction);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// What to poll; -1 once the stream has ended.
  [[nodiscard]] int descriptor() const { return ended_ ? -1 : fd_; }
  /// End of input, or nobody left to read the output.
  [[nodiscard]] bool ended() const { return ended_; }
  /// errno of what ended it; 0 for the end of the input.
  [[nodiscard]] int reason() const { return reason_; }

  /// How many bytes were read, or written: 0 where the stream is not ready, or has ended.
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  [[nodiscard]] std::size_t write(Bytes bytes);

 private:
  [[nodiscard]] std::size_t settle(ssize_t result, bool zero_is_end);

  UniqueFd own_;  ///< our own opening of the same file, so that O_NONBLOCK is ours alone
  int fd_;
  bool socket_ = false;
  bool ended_ = false;
  int reason_ = 0;
  int flags_to_restore_ = -1;
};

}  // namespace pvh::system
