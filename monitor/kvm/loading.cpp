#include "loading.hpp"

#include "pvh/boot/load.hpp"
#include "x86/entry.hpp"
#include "x86/power.hpp"

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

}  // namespace

Result<void> load(const run::Guest& guest, const GuestMemory& memory) {
  LoadingMemory writable(memory, guest.files);
  if (auto loaded = boot::load(*guest.plan, writable, boot::Before::kZeros); !loaded) return loaded;
  // Nothing of the plan lies there: it is the boot ROM's. A guest of less than 1 MiB does without.
  (void)writable.write(kResetVector, kResetCode);
  (void)writable.write(kDescriptorTable, boot::descriptor_table(guest.plan->state));
  return {};
}

}  // namespace pvh::kvm
