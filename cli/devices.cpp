#include "devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "output.hpp"
#include "pvh/virtio/block.hpp"
#include "pvh/virtio/entropy.hpp"

namespace pvh::cli {
namespace {

std::string disk_name(std::size_t number) {
  return fmt::format("disk {}", number);
}

std::unique_ptr<virtio::Device> block_device(const MachineOptions& machine, std::size_t number,
                                             virtio::DiskFile file) {
  // One a CPU, as far as that helps: all are served by one thread.
  constexpr std::uint32_t kMostQueues = 8;
  const DiskOption& disk = machine.disks[number];
  return std::make_unique<virtio::Block>(
      std::move(file), virtio::Block::Options{.name = disk_name(number),
                                              .serial = disk.serial,
                                              .queues = std::min(machine.cpus, kMostQueues),
                                              .report = [path = disk.path](const Error& error) {
                                                complain(message({error, path}));
                                              }});
}

}  // namespace

std::vector<board::VirtioKind> device_kinds(const MachineOptions& machine) {
  std::vector<board::VirtioKind> kinds(machine.disks.size(), board::VirtioKind::kBlock);
  if (machine.console) kinds.push_back(board::VirtioKind::kConsole);
  if (machine.entropy) kinds.push_back(board::VirtioKind::kEntropy);
  return kinds;
}

std::expected<std::vector<virtio::DiskFile>, Failure> open_disks(const MachineOptions& machine) {
  std::vector<virtio::DiskFile> files;
  for (const DiskOption& disk : machine.disks) {
    auto file = virtio::DiskFile::open(disk.path, disk.read_only, disk_name(files.size()));
    if (!file) return std::unexpected(Failure{file.error(), disk.path});
    files.push_back(std::move(*file));
  }
  return files;
}

OwnDevices own_devices(const MachineOptions& machine, std::vector<virtio::DiskFile> disks) {
  OwnDevices out;
  auto& devices = out.devices;
  for (virtio::DiskFile& disk : disks)
    devices.push_back(block_device(machine, devices.size(), std::move(disk)));
  if (machine.console) {
    auto console = std::make_unique<virtio::Console>();
    out.console = console.get();
    devices.push_back(std::move(console));
  }
  if (machine.entropy) devices.push_back(std::make_unique<virtio::Entropy>());
  return out;
}

std::vector<qemu::Device> qemu_devices(const MachineOptions& machine) {
  std::vector<qemu::Device> out;
  for (const DiskOption& disk : machine.disks)
    out.emplace_back(qemu::Disk{.path = disk.path, .read_only = disk.read_only, .serial = disk.serial});
  if (machine.console) out.emplace_back(qemu::Console{});
  if (machine.entropy) out.emplace_back(qemu::Entropy{});
  return out;
}

}  // namespace pvh::cli
