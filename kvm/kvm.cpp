#include "pvh/kvm/kvm.hpp"

#include <unistd.h>

#include <vector>

#include "entry.hpp"
#include "guest_memory.hpp"
#include "machine.hpp"
#include "maker.hpp"
#include "power.hpp"
#include "pvh/boot/load.hpp"
#include "pvh/engine/supervisor.hpp"
#include "sandbox/sandbox.hpp"
#include "virtio_slots.hpp"

namespace pvh::kvm {

namespace {

/// Where a PC's firmware begins in real mode. A Linux on hardware-reduced ACPI without EFI restarts by a jump
/// there and not by the reset register.
constexpr GuestAddress kResetVector{0xffff0};

/// mov al, 0xfe; out 0x64, al; hlt; and again: hlt
constexpr std::byte kResetCode[] = {std::byte{0xb0}, std::byte{ResetPort::kReset},
                                    std::byte{0xe6}, static_cast<std::byte>(ResetPort::kPort),
                                    std::byte{0xf4}, std::byte{0xeb},
                                    std::byte{0xfd}};

Result<GuestMemory> loaded_memory(const boot::BootPlan& plan, std::span<const FileView> files) {
  auto memory = GuestMemory::allocate(plan.backing);
  if (!memory) return memory;
  LoadingMemory writable(*memory, files);
  if (const auto loaded = boot::load(plan, writable, boot::Before::kZeros); !loaded)
    return std::unexpected(loaded.error());
  // Nothing of the plan lies there: it is the boot ROM's. A guest of less than 1 MiB does without.
  (void)writable.write(kResetVector, kResetCode);
  (void)writable.write(kDescriptorTable, boot::descriptor_table(plan.state));
  return memory;
}

Result<void> add_memory(Vm& vm, const GuestMemory& memory) {
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory.pieces())
    if (auto added = vm.add_memory(slot++, piece.range, piece.host); !added) return added;
  return {};
}

void close_what_is_not_needed(const Vm& vm, const Machine& machine, const Options& options) {
  std::vector<int> kept = machine.descriptors();
  kept.insert(kept.end(),
              {vm.descriptor(), options.input, options.output, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  sandbox::close_all_but(std::move(kept));
}

}  // namespace

Monitor::Monitor(const MonitorOptions& options)
    : confine_(options.confine), maker_(std::make_unique<Maker>(options)) {}

Monitor::~Monitor() = default;

Result<engine::Outcome> Monitor::run(const boot::BootPlan& plan, const Options& options) {
  const auto memory = loaded_memory(plan, options.files);
  if (!memory) return std::unexpected(memory.error());
  engine::Supervisor supervisor(options.input, options.output, options.timeout);
  VirtioSlots virtio(options.devices, *memory);
  // Before this thread may make no other one any more.
  if (const auto started = virtio.start(confine_); !started) return std::unexpected(started.error());
  if (confine_) {
    // While the machine is being made. What is still to be done until it runs, the filter allows.
    if (const auto done = sandbox::give_up_rights(); !done) return std::unexpected(done.error());
    if (const auto done = sandbox::confine_thread(sandbox::Thread::kSupervisor); !done)
      return std::unexpected(done.error());
  }
  const auto vm = maker_->vm();
  if (!vm) return std::unexpected(vm.error());
  if (const auto added = add_memory(**vm, *memory); !added) return std::unexpected(added.error());
  const auto cpus = maker_->cpus();
  if (!cpus) return std::unexpected(cpus.error());
  // The others wait for the first to start them.
  if (const auto entered = enter(cpus->front(), plan.state); !entered)
    return std::unexpected(entered.error());

  if (const auto connected = virtio.connect(**vm); !connected) return std::unexpected(connected.error());
  Machine machine(**vm, *maker_, *cpus, *memory, plan.state, supervisor, virtio, options.console);
  if (confine_) close_what_is_not_needed(**vm, machine, options);
  return machine.run();
}

}  // namespace pvh::kvm
