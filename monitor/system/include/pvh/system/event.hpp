// Wakes a poll() from another thread.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "pvh/base/unique_fd.hpp"

namespace pvh::system {

class Event {
 public:
  Event() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), error_(fd_ ? 0 : errno) {}

  /// Where the host gave none; `signal` then does nothing.
  [[nodiscard]] bool valid() const { return static_cast<bool>(fd_); }
  /// errno of the descriptor that the host did not give; 0 where it did.
  [[nodiscard]] int error() const { return error_; }
  /// What to poll for input.
  [[nodiscard]] int descriptor() const { return fd_.get(); }
  void signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  UniqueFd fd_;
  int error_;
};

}  // namespace pvh::system
