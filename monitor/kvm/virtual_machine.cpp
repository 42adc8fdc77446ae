#include "virtual_machine.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "x86/cpuid.hpp"
#include "x86/cpuid_table.hpp"
#include "x86/io_apic.hpp"

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

Result<Vm> create_vm(const System& system) {
  auto vm = system.create_vm();
  if (!vm) return vm;
  if (auto set = vm->set_scratch(kScratch); !set) return std::unexpected(set.error());
  if (auto split = vm->split_interrupts(IoApics::kLines); !split) return std::unexpected(split.error());
  return vm;
}

/// `first`: CPU 0, where there is one already.
Result<std::vector<Vcpu>> make_cpus(const System& system, Vm& vm, UniqueFd first, const Options& options,
                                    KeptCpuid cpuid) {
  const auto supported = supported_cpuid(system, std::move(cpuid), options.kept);
  if (!supported) return std::unexpected(supported.error());
  const bool tsc_deadline = system.extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
  const std::uint32_t count = std::max(1U, options.cpus);
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

Result<VirtualMachine> make_virtual_machine(const Options& options, KeptCpuid cpuid) {
  auto early = take_early_machine();
  const auto system = early ? System::adopt(std::move(early->system)) : System::open();
  if (!system) return std::unexpected(system.error());
  if (auto possible = check_limits(*system, options.cpus); !possible)
    return std::unexpected(possible.error());
  auto vm = early ? system->adopt_vm(std::move(early->vm)) : create_vm(*system);
  if (!vm) return std::unexpected(vm.error());
  // Ends before the machine does, also where we return early.
  EarlyThread thread = early ? std::move(early->thread) : EarlyThread();
  auto cpus = make_cpus(*system, *vm, early ? std::move(early->cpu) : UniqueFd(), options, std::move(cpuid));
  if (!cpus) return std::unexpected(cpus.error());
  return VirtualMachine{.vm = std::move(*vm), .cpus = std::move(*cpus), .early = std::move(thread)};
}

Result<void> add_memory(VirtualMachine& machine, const GuestMemory& memory) {
  if (const auto early = machine.early.memory()) {
    if (*early != 0) return std::unexpected(host_error(kAddMemory, *early));
    return {};
  }
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory.pieces())
    if (auto added = machine.vm.add_memory(slot++, piece.range, piece.host); !added) return added;
  return {};
}

}  // namespace pvh::kvm
