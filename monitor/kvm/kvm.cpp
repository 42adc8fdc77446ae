#include "pvh/kvm/kvm.hpp"

#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "cpu_threads.hpp"
#include "early/early_parts.hpp"
#include "guest_memory.hpp"
#include "loading.hpp"
#include "machine.hpp"
#include "pvh/kvm/early.hpp"
#include "pvh/run/supervisor.hpp"
#include "sandbox/sandbox.hpp"
#include "virtio_slots.hpp"

namespace pvh::kvm {

namespace {

void close_what_is_not_needed(const Vm& vm, const Machine& machine, const Options& options) {
  std::vector<int> kept = machine.descriptors();
  kept.insert(kept.end(),
              {vm.descriptor(), options.input, options.output, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  sandbox::close_all_but(std::move(kept));
}

/// Once the guest is loaded, and `threads` make the machine.
Result<run::Outcome> run_machine(CpuThreads& threads, const GuestMemory& memory,
                                 const boot::EntryState& entry, VirtioSlots& virtio, virtio::Console* console,
                                 const Options& options) {
  threads.enter_at(entry);
  run::Supervisor supervisor(options.input, options.output, options.timeout);
  if (options.confine) {
    // What is still to be done until the guest runs, the filter allows.
    if (const auto done = sandbox::give_up_rights(); !done) return std::unexpected(done.error());
    if (const auto done = sandbox::confine_thread(sandbox::Thread::kSupervisor); !done)
      return std::unexpected(done.error());
  }
  const auto made = threads.made();
  if (!made) return std::unexpected(made.error());
  Vm& vm = (*made)->vm;
  if (const auto connected = virtio.connect(vm); !connected) return std::unexpected(connected.error());
  Machine machine(vm, threads, (*made)->cpus, memory, entry, supervisor, virtio, console);
  if (const auto ready = threads.ready(); !ready) return std::unexpected(ready.error());
  if (options.confine) close_what_is_not_needed(vm, machine, options);
  return machine.run();
}

}  // namespace

Result<std::optional<run::Outcome>> run(const Planner& planner, const Options& options) {
  // What is wrong with the guest goes before what is wrong with the host; and the terminal is not the guest's
  // before it is known.
  const auto fail_unless_the_guest_does = [&](const Error& error) -> Result<std::optional<run::Outcome>> {
    if (!planner()) return std::nullopt;
    return std::unexpected(error);
  };
  const auto open_devices = [&] { return options.devices ? options.devices() : Devices(); };
  const auto memory = GuestMemory::allocate(options.memory);
  if (!memory) {
    drop_early_machine();
    if (!open_devices()) return std::nullopt;
    return fail_unless_the_guest_does(memory.error());
  }
  request_early_memory(memory->pieces());
  CpuThreads threads(*memory, options);
  const auto devices = open_devices();
  if (!devices) return std::nullopt;
  VirtioSlots virtio(devices->all, *memory);
  // Now, so that their thread is confined, and has what it needs, before anybody waits for it.
  if (const auto started = virtio.start(options.confine); !started)
    return fail_unless_the_guest_does(started.error());
  const auto guest = planner();
  if (!guest) return std::nullopt;
  if (const auto loaded = load(*guest, *memory); !loaded) return std::unexpected(loaded.error());
  return run_machine(threads, *memory, guest->plan->state, virtio, devices->console, options);
}

}  // namespace pvh::kvm
