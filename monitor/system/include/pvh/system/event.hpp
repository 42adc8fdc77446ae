// Wakes a poll() from another thread.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "pvh/base/unique_fd.hpp"

namespace pvh::system {

class Event {
 public:
  Event() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  /// Where the host gave none; `signal` then does nothing.
  [[nodiscard]] bool valid() const { return static_cast<bool>(fd_); }
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
};

}  // namespace pvh::system
