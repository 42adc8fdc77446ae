// Our own monitor: the plan on a virtual CPU of the host's kernel (KVM), with the board's devices in this
// process.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/engine/outcome.hpp"

namespace pvh::kvm {

/// The host as far as this engine needs it.
enum class Host : std::uint8_t {
  kReady,      ///< /dev/kvm may be used, and a processor's virtualization is behind it
  kMissing,    ///< no /dev/kvm
  kForbidden,  ///< this user may not open it
  kSoftware,   ///< there is one, but nothing says that hardware is behind it: big guests may not run
};

/// Costs a few system calls. In doubt kSoftware, never kReady.
[[nodiscard]] Host host();

struct Options {
  std::uint32_t cpus = 1;
  std::optional<std::chrono::milliseconds> timeout;
  int input = 0;  ///< descriptors of the guest's serial line; a terminal becomes raw
  int output = 1;
  /// Before the guest's first instruction the process gives up, for good, what this run does not need: other
  /// descriptors, files, most system calls. For a process that ends with the run.
  bool confine = false;
};

/// Runs `plan` until the guest or something else ends it. The plan's board must have no interval timer: this
/// machine has none. While it runs, the real-time signal SIGRTMIN is ours.
[[nodiscard]] Result<engine::Outcome> run(const boot::BootPlan& plan, const Options& options);

}  // namespace pvh::kvm
