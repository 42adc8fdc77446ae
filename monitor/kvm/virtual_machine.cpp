#include "virtual_machine.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "first_steps.hpp"
#include "x86/cpuid.hpp"
#include "x86/cpuid_table.hpp"

namespace pvh::kvm {

namespace {

/// APIC ids up to 254 have a name in every mode; 255 means all of them.
constexpr std::uint32_t kMaxCpus = 255;

/// What firmware leaves behind and kernels count on. A KVM that does not know one of them lacks what it is
/// for.
void set_usual_msrs(Vcpu& cpu) {
  constexpr std::uint32_t kMiscEnable = 0x1a0;
  constexpr std::uint32_t kMtrrDefault = 0x2ff;
  constexpr std::uint64_t kFastStrings = 1;
  constexpr std::uint64_t kEnabledWriteBack = 0x806;
  const std::array<kvm_msr_entry, 2> entries{{
      {.index = kMtrrDefault, .reserved = 0, .data = kEnabledWriteBack},
      {.index = kMiscEnable, .reserved = 0, .data = kFastStrings},
  }};
  // The first that is unknown ends a list: the rest is tried without it.
  for (std::span<const kvm_msr_entry> left = entries; !left.empty();)
    left = left.subspan(std::min<std::size_t>(left.size(), std::max(0, cpu.set_msrs(left)) + 1));
}

Result<void> check_limits(const System& system, std::uint32_t cpus) {
  const int allowed = std::max(1, system.extension(KVM_CAP_MAX_VCPUS));
  const std::uint32_t most = std::min(kMaxCpus, static_cast<std::uint32_t>(allowed));
  if (cpus > most)
    return std::unexpected(
        Error{.what = Fault::kTooManyCpus, .found = std::uint64_t{cpus}, .wanted = std::uint64_t{most}});
  return {};
}

Error error_of(const FirstSteps& steps) {
  switch (steps.failed) {
    case FirstStep::kOpen:
      return open_error(steps.error);
    case FirstStep::kVersion:
      return version_error(steps.error);
    case FirstStep::kMachine:
      return host_error("virtual machine (KVM_CREATE_VM)", steps.error);
    case FirstStep::kScratchPages:
      return host_error("scratch pages (KVM_SET_TSS_ADDR)", steps.error);
    case FirstStep::kInterrupts:
      return host_error("local APICs (KVM_CAP_SPLIT_IRQCHIP)", steps.error);
    default:
      return host_error("virtual CPU (KVM_CREATE_VCPU)", steps.error);
  }
}

/// `first`: CPU 0, which is there already.
Result<std::vector<Vcpu>> make_cpus(const System& system, Vm& vm, UniqueFd first, const Shape& shape,
                                    KeptCpuid cpuid) {
  const auto supported = supported_cpuid(system, std::move(cpuid), shape.kept);
  if (!supported) return std::unexpected(supported.error());
  const bool tsc_deadline = system.extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
  const std::uint32_t count = std::max(1U, shape.cpus);
  std::vector<Vcpu> cpus;
  cpus.reserve(count);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto cpu = first ? vm.adopt_vcpu(std::exchange(first, {}), id) : vm.create_vcpu(id);
    if (!cpu) return std::unexpected(cpu.error());
    const auto leaves = cpuid_of(*supported, {.id = id, .cpus = count, .tsc_deadline = tsc_deadline});
    if (auto set = cpu->set_cpuid(leaves); !set) return std::unexpected(set.error());
    set_usual_msrs(*cpu);
    cpus.push_back(std::move(*cpu));
  }
  return cpus;
}

}  // namespace

Result<VirtualMachine> make_virtual_machine(const Shape& shape, KeptCpuid cpuid) {
  auto begun = early::take_machine();
  const FirstSteps steps = begun ? begun->steps : take_first_steps();
  if (steps.failed != FirstStep::kDone) return std::unexpected(error_of(steps));
  UniqueFd device(steps.system);
  UniqueFd machine(steps.vm);
  UniqueFd first(steps.cpu);
  const auto system = System::adopt(std::move(device));
  if (!system) return std::unexpected(system.error());
  if (auto possible = check_limits(*system, shape.cpus); !possible) return std::unexpected(possible.error());
  auto vm = system->adopt_vm(std::move(machine));
  if (!vm) return std::unexpected(vm.error());
  // Ends before the machine does, also where we return early.
  early::Thread thread = begun ? std::move(begun->thread) : early::Thread();
  auto cpus = make_cpus(*system, *vm, std::move(first), shape, std::move(cpuid));
  if (!cpus) return std::unexpected(cpus.error());
  return VirtualMachine{.vm = std::move(*vm), .cpus = std::move(*cpus), .early = std::move(thread)};
}

Result<void> add_memory(VirtualMachine& machine, const GuestMemory& memory) {
  if (const auto failed = machine.early.memory()) {
    if (*failed != 0) return std::unexpected(host_error(kAddMemory, *failed));
    return {};
  }
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory.pieces())
    if (auto added = machine.vm.add_memory(slot++, piece.range, piece.host); !added) return added;
  return {};
}

}  // namespace pvh::kvm
