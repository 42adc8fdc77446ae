// Whether this host can run a guest of any kind.
#include <unistd.h>

#include <cerrno>

#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

Host host() {
  if (::access(kDevice, R_OK | W_OK) != 0)
    return errno == EACCES || errno == EPERM ? Host::kForbidden : Host::kMissing;
  // The modules that drive a processor's virtualization load only where there is one. A /dev/kvm without them
  // is a software one, whose emulator does not know all that a Linux does.
  for (const char* module : {"/sys/module/kvm_intel", "/sys/module/kvm_amd"})
    if (::access(module, F_OK) == 0) return Host::kReady;
  return Host::kSoftware;
}

}  // namespace pvh::kvm
