#include "pvh/backend/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pvh::backend {

namespace {

constexpr const char* kDevice = "/dev/net/tun";

std::unexpected<Error> failed(Fault what, const std::string& subject, int reason = 0) {
  Error error{.what = what, .subject = subject};
  if (reason != 0) error.found = std::string(std::strerror(reason));
  return std::unexpected(std::move(error));
}

/// 0, or errno.
int attach(int device, const std::string& name, short more_flags) {
  ifreq request{};
  std::ranges::copy(name, request.ifr_name);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | more_flags);
  return ::ioctl(device, TUNSETIFF, &request) == 0 ? 0 : errno;
}

/// Whether there is an interface `name`. The ordinary question costs a socket. A request that wants a new
/// one, of no kind, makes nothing, and is told first that the name is taken.
bool exists(int device, const std::string& name) {
  ifreq request{};
  std::ranges::copy(name, request.ifr_name);
  request.ifr_flags = static_cast<short>(IFF_TUN_EXCL);
  if (device >= 0 && ::ioctl(device, TUNSETIFF, &request) != 0 && errno == EBUSY) return true;
  return ::if_nametoindex(name.c_str()) != 0;
}

}  // namespace

Result<UniqueFd> open_tap(const std::string& name) {
  if (name.empty() || name.size() > kLongestInterfaceName) return failed(Fault::kTapMissing, name);
  UniqueFd tap(::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  int reason = tap ? 0 : errno;
  // To attach to what is not there would make it, without addresses and only as long as we run.
  if (!exists(tap.get(), name)) return failed(Fault::kTapMissing, name);
  if (!tap) return failed(reason == ENOENT ? Fault::kTunMissing : Fault::kTunForbidden, kDevice, reason);
  reason = attach(tap.get(), name, 0);
  // One with several queues is asked for as such; we are one of them.
  if (reason == EINVAL) reason = attach(tap.get(), name, IFF_MULTI_QUEUE);
  if (reason == EPERM) return failed(Fault::kTapForbidden, name);
  if (reason == EBUSY) return failed(Fault::kTapInUse, name);
  if (reason == EINVAL) return failed(Fault::kTapKind, name);
  const int header = kTapHeaderSize;
  if (reason == 0 && ::ioctl(tap.get(), TUNSETVNETHDRSZ, &header) != 0) reason = errno;
  if (reason != 0) return failed(Fault::kTapFailed, name, reason);
  return tap;
}

}  // namespace pvh::backend
