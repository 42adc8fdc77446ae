#include "pvh/system/stream.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

namespace pvh::system {

namespace {

/// Another opening of the file behind `fd`. A pseudo-terminal's master is the exception: opening it again
/// makes another terminal.
UniqueFd open_again(int fd, Direction direction) {
  unsigned int number = 0;
  if (::ioctl(fd, TIOCGPTN, &number) == 0) return {};
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int mode = direction == Direction::kInput ? O_RDONLY : O_WRONLY;
  return UniqueFd(::open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

Stream::Stream(int fd, Direction direction) : fd_(fd) {
  struct stat status{};
  const int flags = ::fcntl(fd, F_GETFL);
  // Another opening of the file must not allow what this descriptor does not.
  const int forbidden = direction == Direction::kInput ? O_WRONLY : O_RDONLY;
  if (flags < 0 || (flags & O_ACCMODE) == forbidden || ::fstat(fd, &status) != 0) {
    ended_ = true;
    reason_ = EBADF;
    return;
  }
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return;  // always ready, and its position is shared
  if (S_ISSOCK(status.st_mode)) {
    socket_ = true;
    return;
  }
  own_ = open_again(fd, direction);
  if (own_) {
    fd_ = own_.get();
    return;
  }
  if ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) flags_to_restore_ = flags;
}

Stream::~Stream() {
  if (flags_to_restore_ >= 0) ::fcntl(fd_, F_SETFL, flags_to_restore_);
}

std::size_t Stream::read(std::span<std::byte> into) {
  if (ended_ || into.empty()) return 0;
  const ssize_t result =
      socket_ ? ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT) : ::read(fd_, into.data(), into.size());
  return settle(result, true);
}

std::size_t Stream::write(Bytes bytes) {
  if (ended_ || bytes.empty()) return 0;
  const ssize_t result = socket_ ? ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : ::write(fd_, bytes.data(), bytes.size());
  return settle(result, false);
}

std::size_t Stream::settle(ssize_t result, bool zero_is_end) {
  if (result > 0) return static_cast<std::size_t>(result);
  const bool try_later = result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (!try_later && (result < 0 || zero_is_end)) {
    ended_ = true;
    reason_ = result < 0 ? errno : 0;
  }
  return 0;
}

}  // namespace pvh::system
