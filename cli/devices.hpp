// The machine's virtio devices: one list, for the board and its tables and for both engines.
#pragma once

#include <expected>
#include <memory>
#include <variant>
#include <vector>

#include "options.hpp"
#include "pvh/backend/disk_file.hpp"
#include "pvh/backend/user_network.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/board/board.hpp"
#include "pvh/qemu/qemu.hpp"
#include "pvh/virtio/console.hpp"
#include "pvh/virtio/device.hpp"
#include "words.hpp"

namespace pvh::cli {

/// Which there are, in the order of their slots: disks as they were given, so that the first is /dev/vda;
/// then network cards, so that nothing but a disk moves one; then the rest.
[[nodiscard]] std::vector<board::VirtioKind> device_kinds(const MachineOptions& machine);

/// A network card's cable: a tap, or a stream of frames.
using NetEnd = std::variant<UniqueFd, backend::UserNetwork>;

/// The host's ends of the devices: what the user named, open and locked.
struct HostEnds {
  std::vector<backend::DiskFile> disks;
  std::vector<NetEnd> nets;
  UniqueFd socket;  ///< none where there is no such device
};
/// All of them; or what is wrong with one.
[[nodiscard]] std::expected<HostEnds, Failure> open_host_ends(const MachineOptions& machine);

/// The devices themselves, for our own monitor.
struct OwnDevices {
  std::vector<std::unique_ptr<virtio::Device>> devices;
  virtio::Console* console = nullptr;  ///< one of them, where there is one
};
[[nodiscard]] Result<OwnDevices> own_devices(const MachineOptions& machine, HostEnds ends);

/// As QEMU is told of them. It opens disks itself, and inherits the rest of `ends`.
[[nodiscard]] std::vector<qemu::Device> qemu_devices(const MachineOptions& machine, const HostEnds& ends);

}  // namespace pvh::cli
