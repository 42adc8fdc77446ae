// The machine's virtio devices: one list, for the board and its tables and for both engines.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "options.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/board/board.hpp"
#include "pvh/qemu/qemu.hpp"
#include "pvh/virtio/console.hpp"
#include "pvh/virtio/device.hpp"
#include "pvh/virtio/disk_file.hpp"
#include "words.hpp"

namespace pvh::cli {

/// Which there are, in the order of their slots: disks as they were given, so that the first is /dev/vda;
/// then network cards, so that nothing but a disk moves one; then the rest.
[[nodiscard]] std::vector<board::VirtioKind> device_kinds(const MachineOptions& machine);

/// The disks' files, open and locked; or what is wrong with one.
[[nodiscard]] std::expected<std::vector<virtio::DiskFile>, Failure> open_disks(const MachineOptions& machine);

/// The host's ends of the network cards; or what is wrong with one.
[[nodiscard]] std::expected<std::vector<UniqueFd>, Failure> open_nets(const MachineOptions& machine);

/// The devices themselves, for our own monitor.
struct OwnDevices {
  std::vector<std::unique_ptr<virtio::Device>> devices;
  virtio::Console* console = nullptr;  ///< one of them, where there is one
};
[[nodiscard]] OwnDevices own_devices(const MachineOptions& machine, std::vector<virtio::DiskFile> disks,
                                     std::vector<UniqueFd> nets);

/// As QEMU is told of them. It inherits `nets`.
[[nodiscard]] std::vector<qemu::Device> qemu_devices(const MachineOptions& machine,
                                                     std::span<const UniqueFd> nets);

}  // namespace pvh::cli
