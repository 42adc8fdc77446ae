// The machine's virtio devices: one list, for the board and its tables and for both engines.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "pvh/backend/disk_file.hpp"
#include "pvh/backend/user_network.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/kvm/kvm.hpp"
#include "pvh/launch/failure.hpp"
#include "pvh/launch/options.hpp"
#include "pvh/qemu/qemu.hpp"

namespace pvh::launch {

/// How many virtio devices the machine has. Their slots are in this order for both engines: disks as they
/// were given, so that the first is /dev/vda; then network cards, so that nothing but a disk moves one; then
/// the rest.
[[nodiscard]] std::uint32_t count_devices(const MachineOptions& machine);

/// A network card's cable: a tap, or a stream of frames.
using NetEnd = std::variant<UniqueFd, backend::UserNetwork>;

/// The host's ends of the devices: what the user named, open and locked.
struct HostBackends {
  std::vector<backend::DiskFile> disks;
  std::vector<NetEnd> nets;
  UniqueFd socket;  ///< none where there is no such device
};
/// All of them; or what is wrong with one.
[[nodiscard]] std::expected<HostBackends, Failure> open_backends(const MachineOptions& machine);

/// Told of a device that fails while the guest runs, on any thread.
using Report = std::function<void(const Failure&)>;

/// The devices themselves, for our own monitor, with all that the user named for them open and locked.
[[nodiscard]] std::expected<kvm::Devices, Failure> open_kvm_devices(const MachineOptions& machine,
                                                                    const Report& report);

/// As QEMU is told of them. It opens disks itself, and inherits the rest of `backends`.
[[nodiscard]] std::vector<qemu::Device> qemu_devices(const MachineOptions& machine,
                                                     const HostBackends& backends);

}  // namespace pvh::launch
