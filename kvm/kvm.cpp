#include "pvh/kvm/kvm.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cpu_threads.hpp"
#include "cpuid.hpp"
#include "cpuid_table.hpp"
#include "guest_memory.hpp"
#include "io_apic.hpp"
#include "machine.hpp"
#include "pvh/engine/supervisor.hpp"
#include "sandbox/sandbox.hpp"
#include "system.hpp"
#include "virtio_slots.hpp"

namespace pvh::kvm {

namespace {

/// APIC ids up to 254 have a name in every mode; 255 means all of them.
constexpr std::uint32_t kMaxCpus = 255;

/// In the board's device window, where nothing else lies.
constexpr GuestAddress kScratch{0xfffbd000};

/// What firmware leaves behind and kernels count on. A KVM that does not know one of them lacks what it is
/// for.
void set_usual_msrs(Vcpu& cpu) {
  constexpr std::uint32_t kMiscEnable = 0x1a0;
  constexpr std::uint32_t kMtrrDefault = 0x2ff;
  constexpr std::uint64_t kFastStrings = 1;
  constexpr std::uint64_t kEnabledWriteBack = 0x806;
  // Each for itself: the first that is unknown ends a list.
  for (const auto& [index, value] :
       {std::pair{kMtrrDefault, kEnabledWriteBack}, {kMiscEnable, kFastStrings}}) {
    kvm_msr_entry entry{};
    entry.index = index;
    entry.data = value;
    (void)cpu.set_msrs({&entry, 1});
  }
}

Result<void> check_limits(const System& system, std::uint32_t cpus) {
  const int allowed = std::max(1, system.extension(KVM_CAP_MAX_VCPUS));
  const std::uint32_t most = std::min(kMaxCpus, static_cast<std::uint32_t>(allowed));
  if (cpus > most)
    return std::unexpected(
        Error{.what = Fault::kTooManyCpus, .found = std::uint64_t{cpus}, .wanted = std::uint64_t{most}});
  return {};
}

Result<std::vector<Vcpu>> make_cpus(const System& system, Vm& vm, const Options& options) {
  if (auto set = vm.set_scratch(kScratch); !set) return std::unexpected(set.error());
  if (auto split = vm.split_interrupts(IoApics::kLines); !split) return std::unexpected(split.error());
  const auto supported = supported_cpuid(system, options.kept);
  if (!supported) return std::unexpected(supported.error());
  const bool tsc_deadline = system.extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
  const std::uint32_t count = std::max(1U, options.cpus);
  std::vector<Vcpu> cpus;
  cpus.reserve(count);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto cpu = vm.create_vcpu(id);
    if (!cpu) return std::unexpected(cpu.error());
    const auto leaves = cpuid_of(*supported, {.id = id, .cpus = count, .tsc_deadline = tsc_deadline});
    if (auto set = cpu->set_cpuid(leaves); !set) return std::unexpected(set.error());
    set_usual_msrs(*cpu);
    cpus.push_back(std::move(*cpu));
  }
  return cpus;
}

/// One virtual machine and its CPUs, in the order in which they go: each needs the one before.
struct Made {
  std::optional<Vm> vm;
  std::vector<Vcpu> cpus;
};

/// `threads` gives it its memory meanwhile.
Result<void> make_machine(Made& made, CpuThreads& threads, const Options& options) {
  const auto system = System::open();
  if (!system) return std::unexpected(system.error());
  if (auto possible = check_limits(*system, options.cpus); !possible) return possible;
  auto vm = system->create_vm();
  if (!vm) return std::unexpected(vm.error());
  threads.give(made.vm.emplace(std::move(*vm)));
  auto cpus = make_cpus(*system, *made.vm, options);
  if (!cpus) return std::unexpected(cpus.error());
  made.cpus = std::move(*cpus);
  threads.give(made.cpus);
  return {};
}

void close_what_is_not_needed(const Vm& vm, const Machine& machine, const Options& options) {
  std::vector<int> kept = machine.descriptors();
  kept.insert(kept.end(),
              {vm.descriptor(), options.input, options.output, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  sandbox::close_all_but(std::move(kept));
}

/// Once the guest is planned.
Result<engine::Outcome> run_machine(Made& made, CpuThreads& threads, const GuestMemory& memory,
                                    const Options& options) {
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
  if (const auto connected = virtio.connect(*made.vm); !connected) return std::unexpected(connected.error());
  Machine machine(*made.vm, threads, made.cpus, memory, threads.guest()->plan->state, supervisor, virtio,
                  options.console);
  if (const auto loaded = threads.loaded(); !loaded) return std::unexpected(loaded.error());
  if (options.confine) close_what_is_not_needed(*made.vm, machine, options);
  return machine.run();
}

}  // namespace

Result<std::optional<engine::Outcome>> run(const Planner& planner, const Options& options) {
  const auto memory = GuestMemory::allocate(options.memory);
  if (!memory) {
    if (!planner()) return std::nullopt;
    return std::unexpected(memory.error());
  }
  Made made;
  CpuThreads threads(planner, *memory, options);
  const auto done = make_machine(made, threads, options);
  // What is wrong with the guest goes before what is wrong with the host; and the terminal is not the guest's
  // before it is known.
  if (!threads.guest()) return std::nullopt;
  if (!done) return std::unexpected(done.error());
  return run_machine(made, threads, *memory, options);
}

}  // namespace pvh::kvm
