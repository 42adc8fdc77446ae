#include "pvh/system/write_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "pvh/base/unique_fd.hpp"

namespace pvh::system {
namespace {

Error output_failed(int number) {
  return Error{.what = Fault::kOutputFailed, .found = std::string(std::strerror(number))};
}

}  // namespace

Result<void> write_all(int descriptor, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      // Whoever shares the descriptor made it non-blocking; what we have to say can wait.
      pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (written < 0) return std::unexpected(output_failed(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_file(const std::string& named, Bytes bytes) {
  struct stat status = {};
  std::string path = named;
  if (::lstat(named.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    // A rename would replace the link, be it /dev/stderr itself, and not what it points at.
    const std::unique_ptr<char, decltype(&::free)> target(::realpath(named.c_str(), nullptr), &::free);
    if (!target) return std::unexpected(output_failed(errno));
    path = target.get();
  }
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) return std::unexpected(output_failed(errno));
    return write_all(file.get(), bytes);
  }
  std::string temporary = path + ".XXXXXX";
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return std::unexpected(output_failed(errno));
  const mode_t mask = ::umask(0);
  ::umask(mask);
  auto done = write_all(file.get(), bytes);
  // mkstemp makes it for this user alone; a kernel is as readable as any file that one makes.
  if (done && ::fchmod(file.get(), 0666 & ~mask) != 0) done = std::unexpected(output_failed(errno));
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = std::unexpected(output_failed(errno));
  if (!done) ::unlink(temporary.c_str());
  return done;
}

Result<void> can_write_file(const std::string& path) {
  struct stat status = {};
  const bool replaced = ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
  const std::size_t slash = path.rfind('/');
  const std::string place = !replaced ? path : slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (S_ISDIR(status.st_mode)) return std::unexpected(output_failed(EISDIR));
  if (::access(place.c_str(), W_OK) != 0) return std::unexpected(output_failed(errno));
  return {};
}

}  // namespace pvh::system
