// Our own monitor: the plan on a virtual CPU of the host's kernel (KVM), with the board's devices in this
// process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/board/board.hpp"
#include "pvh/run/guest.hpp"
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

/// The machine, as far as it can be made before the guest is planned.
struct Shape {
  /// What the plan will ask to be backed, `boot::BootPlan::backing`: known from the memory's size alone.
  /// Viewed until the run has ended.
  std::span<const board::Backing> memory = {};
  std::uint32_t cpus = 1;
  /// Before the guest's first instruction the process gives up, for good, what this run does not need: other
  /// descriptors, files, most system calls. For a process that ends with the run.
  bool confine = false;
  KeptValues* kept = nullptr;  ///< where there are some, they outlive the run
};

/// The virtio devices that the plan's board names, in that order.
struct Devices {
  std::vector<std::unique_ptr<virtio::Device>> all = {};
  /// One of them, where the user's keys go there and not to the serial line; the output of both is the
  /// user's.
  virtio::Console* console = nullptr;
};

/// A run from its beginning: other threads make the machine while the caller opens devices and plans the
/// guest.
///
///   auto start = kvm::Start::begin(shape);
///   start.attach(devices);                             // their thread begins
///   return std::move(start).run(guest, options);
///
/// A step that fails in another thread is told by `run`, so the caller's own errors go first: what is wrong
/// with the guest goes before what is wrong with the host. A start that is not run is cancelled by its end.
class Start {
 public:
  [[nodiscard]] static Start begin(const Shape& shape);
  Start(Start&& other) noexcept;
  Start& operator=(Start&&) = delete;
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start();

  /// Once, before `run`: the devices of a machine that has some.
  void attach(Devices devices);

  /// Loads `guest`, planned for a board of this shape without an interval timer, which this machine has not,
  /// and runs it until it or something else ends it. While it runs, the signal SIGUSR1 is ours.
  [[nodiscard]] Result<run::Outcome> run(const run::Guest& guest, const run::Options& options) &&;

 private:
  struct State;
  explicit Start(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace pvh::kvm
