// Our own monitor: the plan on a virtual CPU of the host's kernel (KVM), with the board's devices in this
// process.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/file_view.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/run/outcome.hpp"
#include "pvh/virtio/console.hpp"
#include "pvh/virtio/device.hpp"

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

/// Small values that outlive a run. Every answer may be "no"; what comes back is checked. Called in one
/// of the run's own threads.
class KeptValues {
 public:
  virtual ~KeptValues() = default;
  [[nodiscard]] virtual std::optional<std::vector<std::byte>> find(std::string_view key) = 0;
  virtual void keep(std::string_view key, Bytes value) = 0;
};

/// What is to run, and all that it views: until the run has ended.
struct Guest {
  /// For a board without interval timer: this machine has none.
  const boot::BootPlan* plan;
  /// Files that the plan's regions view: mapped into the guest instead of copied. They are expected not to
  /// change while the guest runs.
  std::span<const FileView> files = {};
};

/// The virtio devices that the plan's board names, in that order. They outlive the run.
struct Devices {
  std::span<const std::unique_ptr<virtio::Device>> all = {};
  /// One of them, where the user's keys go there and not to the serial line; the output of both is the
  /// user's.
  virtio::Console* console = nullptr;
};

/// Both are called once, in the caller's thread, while another one makes the machine; the devices first, as
/// far as there is somebody who has some. Nothing: there is no guest after all, and whoever wrote them knows
/// why.
using DeviceOpener = std::function<std::optional<Devices>()>;
using Planner = std::function<std::optional<Guest>()>;

struct Options {
  /// What the plan will ask to be backed, `boot::BootPlan::backing`: known from the memory's size alone.
  std::span<const board::Backing> memory = {};
  std::uint32_t cpus = 1;
  std::optional<std::chrono::milliseconds> timeout;
  int input = 0;  ///< descriptors of the guest's serial line; a terminal becomes raw
  int output = 1;
  DeviceOpener devices = {};
  /// Before the guest's first instruction the process gives up, for good, what this run does not need: other
  /// descriptors, files, most system calls. For a process that ends with the run.
  bool confine = false;
  KeptValues* kept = nullptr;  ///< where there are some, they outlive the run
};

/// Plans a guest and makes a virtual machine for it at the same time, and runs it until the guest or
/// something else ends it. Nothing where the planner has nothing, whatever else failed. While it runs, the
/// signal SIGUSR1 is ours.
[[nodiscard]] Result<std::optional<run::Outcome>> run(const Planner& planner, const Options& options);

}  // namespace pvh::kvm
