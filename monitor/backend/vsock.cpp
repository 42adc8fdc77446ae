#include "pvh/backend/vsock.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "pvh/backend/vhost_calls.hpp"

namespace pvh::backend {

namespace {

constexpr const char* kDevice = "/dev/vhost-vsock";

}  // namespace

Error vsock_error(int error_number) {
  return {
      .what = Fault::kSocketFailed, .subject = kDevice, .found = std::string(std::strerror(error_number))};
}

Result<UniqueFd> open_vsock(std::uint32_t cid) {
  UniqueFd end(::open(kDevice, O_RDWR | O_CLOEXEC));
  if (!end && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
    return std::unexpected(Error{.what = Fault::kSocketMissing, .subject = kDevice});
  if (!end) return std::unexpected(vsock_error(errno));
  const std::uint64_t number = cid;
  if (::ioctl(end.get(), VHOST_VSOCK_SET_GUEST_CID, &number) == 0) return end;
  if (errno == EADDRINUSE)
    return std::unexpected(Error{.what = Fault::kSocketInUse, .found = std::uint64_t{cid}});
  return std::unexpected(vsock_error(errno));
}

}  // namespace pvh::backend
