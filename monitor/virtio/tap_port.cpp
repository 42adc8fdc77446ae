#include "pvh/virtio/tap_port.hpp"

#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <cerrno>

namespace pvh::virtio {

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
