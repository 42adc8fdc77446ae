#include "pvh/kvm/kvm.hpp"

#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "cpu_threads.hpp"
#include "early/early.hpp"
#include "guest_memory.hpp"
#include "loading.hpp"
#include "machine.hpp"
#include "pvh/run/supervisor.hpp"
#include "sandbox/sandbox.hpp"
#include "virtio_slots.hpp"

namespace pvh::kvm {

namespace {

void close_what_is_not_needed(const Vm& vm, const Machine& machine, const run::Options& options) {
  std::vector<int> kept = machine.descriptors();
  kept.insert(kept.end(),
              {vm.descriptor(), options.input, options.output, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  sandbox::close_all_but(std::move(kept));
}

}  // namespace

/// In the order in which the parts need each other, so the last ends first.
struct Start::State {
  explicit State(const Shape& its_shape) : shape(its_shape), memory(GuestMemory::allocate(shape.memory)) {
    if (!memory) {
      early::cancel();
      return;
    }
    early::request_memory(memory->pieces());
    threads.emplace(*memory, shape);
  }

  /// Once the guest is loaded.
  [[nodiscard]] Result<run::Outcome> run_machine(const boot::EntryState& entry, const run::Options& options);

  const Shape shape;
  const Result<GuestMemory> memory;
  std::optional<CpuThreads> threads;  ///< where there is memory
  Devices devices;
  std::optional<VirtioSlots> virtio;
  Result<void> devices_started;
};

Start::Start(std::unique_ptr<State> state) : state_(std::move(state)) {}
Start::Start(Start&& other) noexcept = default;
Start::~Start() = default;

Start Start::begin(const Shape& shape) {
  return Start(std::make_unique<State>(shape));
}

void Start::attach(Devices devices) {
  if (!state_->memory) return;
  state_->devices = std::move(devices);
  state_->virtio.emplace(state_->devices.all, *state_->memory);
  // Now, so that their thread is confined, and has what it needs, before anybody waits for it.
  state_->devices_started = state_->virtio->start(state_->shape.confine);
}

Result<run::Outcome> Start::run(const run::Guest& guest, const run::Options& options) && {
  const std::unique_ptr<State> state = std::move(state_);
  if (!state->memory) return std::unexpected(state->memory.error());
  if (!state->devices_started) return std::unexpected(state->devices_started.error());
  if (!state->virtio) state->virtio.emplace(state->devices.all, *state->memory);
  if (const auto loaded = load(guest, *state->memory); !loaded) return std::unexpected(loaded.error());
  return state->run_machine(guest.plan->state, options);
}

Result<run::Outcome> Start::State::run_machine(const boot::EntryState& entry, const run::Options& options) {
  threads->enter_at(entry);
  run::Supervisor supervisor(options.input, options.output, options.timeout);
  if (shape.confine) {
    // What is still to be done until the guest runs, the filter allows.
    if (const auto done = sandbox::give_up_rights(); !done) return std::unexpected(done.error());
    if (const auto done = sandbox::confine_thread(sandbox::Thread::kSupervisor); !done)
      return std::unexpected(done.error());
  }
  const auto made = threads->made();
  if (!made) return std::unexpected(made.error());
  Vm& vm = (*made)->vm;
  if (const auto connected = virtio->connect(vm); !connected) return std::unexpected(connected.error());
  Machine machine(vm, *threads, (*made)->cpus, *memory, entry, supervisor, *virtio, devices.console);
  if (const auto ready = threads->ready(); !ready) return std::unexpected(ready.error());
  if (shape.confine) close_what_is_not_needed(vm, machine, options);
  return machine.run();
}

}  // namespace pvh::kvm
