#include "pvh/kvm/kvm.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "guest_memory.hpp"
#include "machine.hpp"
#include "maker.hpp"
#include "pvh/engine/supervisor.hpp"
#include "sandbox/sandbox.hpp"
#include "virtio_slots.hpp"

namespace pvh::kvm {

namespace {

/// APIC ids up to 254 have a name in every mode; 255 means all of them.
constexpr std::uint32_t kMaxCpus = 255;

Result<void> add_memory(Vm& vm, const GuestMemory& memory) {
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory.pieces())
    if (auto added = vm.add_memory(slot++, piece.range, piece.host); !added) return added;
  return {};
}

Result<void> check_limits(const System& system, std::uint32_t cpus) {
  const int allowed = std::max(1, system.extension(KVM_CAP_MAX_VCPUS));
  const std::uint32_t most = std::min(kMaxCpus, static_cast<std::uint32_t>(allowed));
  if (cpus > most)
    return std::unexpected(
        Error{.what = Fault::kTooManyCpus, .found = std::uint64_t{cpus}, .wanted = std::uint64_t{most}});
  return {};
}

/// The machine and its memory; `maker` goes on with its CPUs meanwhile.
Result<void> make_machine(Maker& maker, const GuestMemory& memory, std::uint32_t cpus,
                          std::optional<Vm>& vm) {
  auto system = System::open();
  if (!system) return std::unexpected(system.error());
  if (auto possible = check_limits(*system, cpus); !possible) return possible;
  auto made = system->create_vm();
  if (!made) return std::unexpected(made.error());
  vm.emplace(std::move(*made));
  maker.make_cpus(std::move(*system), *vm);
  return add_memory(*vm, memory);
}

void close_what_is_not_needed(const Vm& vm, const Machine& machine, const Options& options) {
  std::vector<int> kept = machine.descriptors();
  kept.insert(kept.end(),
              {vm.descriptor(), options.input, options.output, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  sandbox::close_all_but(std::move(kept));
}

/// Once the guest is planned and the machine has its memory.
Result<engine::Outcome> run_machine(Vm& vm, Maker& maker, const GuestMemory& memory,
                                    const boot::EntryState& entry, const Options& options) {
  engine::Supervisor supervisor(options.input, options.output, options.timeout);
  VirtioSlots virtio(options.devices, memory);
  // Before this thread may make no other one any more.
  if (const auto started = virtio.start(options.confine); !started) return std::unexpected(started.error());
  if (options.confine) {
    // What is still to be done until the guest runs, the filter allows.
    if (const auto done = sandbox::give_up_rights(); !done) return std::unexpected(done.error());
    if (const auto done = sandbox::confine_thread(sandbox::Thread::kSupervisor); !done)
      return std::unexpected(done.error());
  }
  if (const auto connected = virtio.connect(vm); !connected) return std::unexpected(connected.error());
  const auto cpus = maker.cpus();
  if (!cpus) return std::unexpected(cpus.error());
  Machine machine(vm, maker, *cpus, memory, entry, supervisor, virtio, options.console);
  if (options.confine) close_what_is_not_needed(vm, machine, options);
  return machine.run();
}

}  // namespace

Result<std::optional<engine::Outcome>> run(const Planner& planner, const Options& options) {
  const auto memory = GuestMemory::allocate(options.memory);
  if (!memory) {
    if (!planner()) return std::nullopt;
    return std::unexpected(memory.error());
  }
  std::optional<Vm> vm;  // outlives its CPUs
  Maker maker(planner, *memory, options);
  const auto made = make_machine(maker, *memory, options.cpus, vm);
  // What is wrong with the guest goes before what is wrong with the host; and the terminal is not the guest's
  // before it is known.
  if (!maker.guest()) return std::nullopt;
  if (!made) return std::unexpected(made.error());
  return run_machine(*vm, maker, *memory, maker.guest()->plan->state, options);
}

}  // namespace pvh::kvm
