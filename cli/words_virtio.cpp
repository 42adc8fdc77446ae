// Sentences for the faults of virtio.
#include "words.hpp"

namespace pvh::cli {

words::Table words_virtio() {
  static constexpr FaultWords kWords[] = {
      {Fault::kDiskSize, "{subject} has {found}, and a disk consists of sectors of {wanted}",
       "`truncate -s %512 FILE` fills the last one with zeros."},
      {Fault::kDiskFormat, "this is a {found} image; {subject} must be raw",
       "`qemu-img convert -f {found} -O raw FILE RAW` makes one. A raw disk that begins as such an image "
       "does "
       "is refused, too."},
      {Fault::kDiskInUse, "somebody else uses this file, so that {subject} cannot be {wanted}",
       "Another run has it, or another --disk of this one. Several may share a file where all say `,ro`."},
      {Fault::kDiskFailed, "{subject} could not be {wanted} (at {where}): {found}",
       "The guest was told of an I/O error. Further ones of this disk are not told here."},
      {Fault::kTapMissing, "there is no interface {subject} on this host",
       "`ip tuntap add {subject} mode tap user NAME` makes one for that user; it needs root."},
      {Fault::kTapKind, "the interface {subject} is no tap", "`ip tuntap` lists those that there are."},
      {Fault::kTapForbidden, "the tap {subject} is somebody else's",
       "`ip tuntap add {subject} mode tap user NAME` gives a new one to that user; it needs root."},
      {Fault::kTapInUse, "another process has the tap {subject}",
       "Another run has it, or another --net of this one. Two guests need two taps, on a bridge."},
      {Fault::kTapFailed, "the host does not give the tap {subject}: {found}", ""},
      {Fault::kTunMissing, "there is no {subject} on this host", "`modprobe tun` brings it; it needs root."},
      {Fault::kTunForbidden, "{subject} cannot be opened: {found}", ""},
      {Fault::kSocketMissing, "there is no {subject} on this host",
       "`modprobe vhost_vsock` brings it; it needs root."},
      {Fault::kSocketFailed, "the host does not give {subject}: {found}", ""},
      {Fault::kSocketInUse, "another guest has the CID {found}", "Give this one another by --vsock."},
      {Fault::kNetGone, "{subject} is cut off: {found}",
       "The guest sees an unplugged cable. It goes on without."},
      {Fault::kPasstMissing, "`--net user` is carried by {subject}, which is not installed",
       "`apt-get install passt` brings it."},
      {Fault::kPasstFailed, "the network of `--net user` cannot start: {found}",
       "If it says so: it needs a user namespace of its own, which some containers forbid (`sysctl "
       "user.max_user_namespaces`)."},
      {Fault::kForwardInUse, "hostfwd cannot have {subject}: something else listens there",
       "`ss -lntup` shows what. Another port will do as well."},
      {Fault::kForwardForbidden, "hostfwd cannot have {subject}: this user may not take it",
       "Ports from 1024 on are everybody's (`sysctl net.ipv4.ip_unprivileged_port_start`)."},
      {Fault::kForwardFailed, "hostfwd cannot have {subject}: {found}", ""},
  };
  return kWords;
}

}  // namespace pvh::cli
