#include "pvh/kvm/kvm.hpp"

#include <algorithm>
#include <vector>

#include "cpuid.hpp"
#include "entry.hpp"
#include "guest_memory.hpp"
#include "machine.hpp"
#include "power.hpp"
#include "pvh/boot/load.hpp"
#include "pvh/engine/supervisor.hpp"
#include "system.hpp"

namespace pvh::kvm {

namespace {

/// APIC ids up to 254 have a name in every mode; 255 means all of them.
constexpr std::uint32_t kMaxCpus = 255;

/// In the board's device window, where nothing else lies.
constexpr GuestAddress kScratch{0xfffbd000};

Result<void> check_limits(const System& system, const Options& options) {
  const int allowed = std::max(1, system.extension(KVM_CAP_MAX_VCPUS));
  const std::uint32_t most = std::min(kMaxCpus, static_cast<std::uint32_t>(allowed));
  if (options.cpus > most)
    return std::unexpected(Error{
        .what = Fault::kTooManyCpus, .found = std::uint64_t{options.cpus}, .wanted = std::uint64_t{most}});
  return {};
}

/// Where a PC's firmware begins in real mode. A Linux on hardware-reduced ACPI without EFI restarts by a jump
/// there and not by the reset register.
constexpr GuestAddress kResetVector{0xffff0};

/// mov al, 0xfe; out 0x64, al; hlt; and again: hlt
constexpr std::byte kResetCode[] = {std::byte{0xb0}, std::byte{ResetPort::kReset},
                                    std::byte{0xe6}, static_cast<std::byte>(ResetPort::kPort),
                                    std::byte{0xf4}, std::byte{0xeb},
                                    std::byte{0xfd}};

Result<GuestMemory> loaded_memory(const boot::BootPlan& plan) {
  auto memory = GuestMemory::allocate(plan.backing);
  if (!memory) return memory;
  const auto pieces = memory->pieces();
  boot::SpanMemory writable({pieces.begin(), pieces.end()});
  if (const auto loaded = boot::load(plan, writable, boot::Before::kZeros); !loaded)
    return std::unexpected(loaded.error());
  // Nothing of the plan lies there: it is the boot ROM's. A guest of less than 1 MiB does without.
  (void)writable.write(kResetVector, kResetCode);
  (void)writable.write(kDescriptorTable, boot::descriptor_table(plan.state));
  return memory;
}

/// Memory first: a change of it costs more once there are interrupt controllers and CPUs.
Result<void> furnish(Vm& vm, const GuestMemory& memory) {
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory.pieces())
    if (auto added = vm.add_memory(slot++, piece.range, piece.host); !added) return added;
  if (auto set = vm.set_scratch(kScratch); !set) return set;
  return vm.split_interrupts(IoApics::kLines);
}

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

Result<std::vector<Vcpu>> make_cpus(const System& system, Vm& vm, std::uint32_t count,
                                    const boot::EntryState& entry) {
  const auto supported = system.supported_cpuid();
  if (!supported) return std::unexpected(supported.error());
  const bool tsc_deadline = system.extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
  std::vector<Vcpu> cpus;
  cpus.reserve(count);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto cpu = vm.create_vcpu(id);
    if (!cpu) return std::unexpected(cpu.error());
    const auto leaves = cpuid_of(*supported, {.id = id, .cpus = count, .tsc_deadline = tsc_deadline});
    if (const auto set = cpu->set_cpuid(leaves); !set) return std::unexpected(set.error());
    set_usual_msrs(*cpu);
    cpus.push_back(std::move(*cpu));
  }
  // The others wait for the first to start them.
  if (const auto entered = enter(cpus.front(), entry); !entered) return std::unexpected(entered.error());
  return cpus;
}

}  // namespace

Result<engine::Outcome> run(const boot::BootPlan& plan, const Options& options) {
  const auto system = System::open();
  if (!system) return std::unexpected(system.error());
  if (const auto possible = check_limits(*system, options); !possible)
    return std::unexpected(possible.error());
  const auto memory = loaded_memory(plan);
  if (!memory) return std::unexpected(memory.error());
  auto vm = system->create_vm();
  if (!vm) return std::unexpected(vm.error());
  if (const auto furnished = furnish(*vm, *memory); !furnished) return std::unexpected(furnished.error());
  auto cpus = make_cpus(*system, *vm, std::max(1U, options.cpus), plan.state);
  if (!cpus) return std::unexpected(cpus.error());

  engine::Supervisor supervisor(options.input, options.output, options.timeout);
  Machine machine(*vm, *cpus, *memory, plan.state, supervisor);
  return machine.run();
}

}  // namespace pvh::kvm
