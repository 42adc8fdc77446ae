#include "pvh/virtio/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pvh::virtio {

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
  const int header = kNetHeaderSize;
  if (reason == 0 && ::ioctl(tap.get(), TUNSETVNETHDRSZ, &header) != 0) reason = errno;
  if (reason != 0) return failed(Fault::kTapFailed, name, reason);
  return tap;
}

void set_tap_offloads(int tap, std::uint64_t features) {
  unsigned long offloads = 0;
  // Each needs the one before; a driver that says otherwise gets what makes sense of it.
  if ((features & kNetGuestChecksum) != 0) {
    offloads |= TUN_F_CSUM;
    if ((features & kNetGuestTso4) != 0) offloads |= TUN_F_TSO4;
    if ((features & kNetGuestTso6) != 0) offloads |= TUN_F_TSO6;
    if ((offloads & (TUN_F_TSO4 | TUN_F_TSO6)) != 0 && (features & kNetGuestEcn) != 0)
      offloads |= TUN_F_TSO_ECN;
  }
  // A host that refuses them gives what they were at first: none.
  (void)::ioctl(tap, TUNSETOFFLOAD, offloads);
}

NetPort::Received TapPort::receive(std::span<const iovec> into) {
  const ssize_t size = ::readv(tap_.get(), into.data(), static_cast<int>(into.size()));
  if (size >= 0) return {Got::kFrame, static_cast<std::size_t>(size)};
  return {errno == EAGAIN || errno == EINTR ? Got::kNothing : Got::kGone};
}

bool TapPort::send(const Buffers& frame) {
  const auto pieces = frame.pieces();
  return ::writev(tap_.get(), pieces.data(), static_cast<int>(pieces.size())) >= 0 || errno != EAGAIN;
}

}  // namespace pvh::virtio
