#include "pvh/launch/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pvh/backend/tap.hpp"
#include "pvh/backend/vsock.hpp"
#include "pvh/virtio/block.hpp"
#include "pvh/virtio/entropy.hpp"
#include "pvh/virtio/socket.hpp"
#include "pvh/virtio/stream_port.hpp"
#include "pvh/virtio/tap_port.hpp"
#include "pvh/virtio/vhost_net.hpp"

namespace pvh::launch {
namespace {

std::string disk_name(std::size_t number) {
  return fmt::format("disk {}", number);
}

std::unique_ptr<virtio::Device> block_device(const MachineOptions& machine, std::size_t number,
                                             backend::DiskFile file, const Report& report) {
  // One a CPU, as far as that helps: all are served by one thread.
  constexpr std::uint32_t kMostQueues = 8;
  const DiskOption& disk = machine.disks[number];
  return std::make_unique<virtio::Block>(
      std::move(file), virtio::Block::Options{.name = disk_name(number),
                                              .serial = disk.serial,
                                              .queues = std::min(machine.cpus, kMostQueues),
                                              .report = [path = disk.path, report](const Error& error) {
                                                report({error, path});
                                              }});
}

std::string net_name(std::size_t number) {
  return fmt::format("network {}", number);
}

backend::Mac mac_of(const MachineOptions& machine, std::size_t number) {
  const NetOption& net = machine.nets[number];
  return net.mac.value_or(backend::default_mac(net.tap, machine.disks.size() + number));
}

std::expected<NetEnd, Failure> open_net_end(const MachineOptions& machine, std::size_t number) {
  const NetOption& net = machine.nets[number];
  if (net.tap.empty()) {
    auto network = backend::start_user_network(net.forwards, mac_of(machine, number));
    if (!network) return std::unexpected(Failure{network.error()});
    return std::move(*network);
  }
  auto tap = backend::open_tap(net.tap);
  if (!tap) return std::unexpected(Failure{tap.error()});
  return std::move(*tap);
}

std::unique_ptr<virtio::Device> network_card(const MachineOptions& machine, std::size_t number, NetEnd end,
                                             const Report& report) {
  const std::string& tap_name = machine.nets[number].tap;
  const auto report_card = [name = tap_name.empty() ? "user" : tap_name, report](const Error& error) {
    report({error, name});
  };
  const virtio::NetCard::Options options{
      .name = net_name(number), .mac = mac_of(machine, number), .report = report_card};
  if (auto* user = std::get_if<backend::UserNetwork>(&end)) {
    auto port = std::make_unique<virtio::StreamPort>(std::move(user->stream), std::move(user->program));
    return std::make_unique<virtio::Net>(std::move(port), options);
  }
  auto& tap = std::get<UniqueFd>(end);
  if (auto card = virtio::VhostNet::create(tap, options)) return card;
  return std::make_unique<virtio::Net>(std::make_unique<virtio::TapPort>(std::move(tap)), options);
}

}  // namespace

std::uint32_t count_devices(const MachineOptions& machine) {
  const std::size_t count = machine.disks.size() + machine.nets.size() + (machine.cid ? 1 : 0) +
                            (machine.console ? 1 : 0) + (machine.entropy ? 1 : 0);
  return static_cast<std::uint32_t>(count);
}

std::expected<HostBackends, Failure> open_backends(const MachineOptions& machine) {
  HostBackends ends;
  for (const DiskOption& disk : machine.disks) {
    auto file = backend::DiskFile::open(disk.path, disk.read_only, disk_name(ends.disks.size()));
    if (!file) return std::unexpected(Failure{file.error(), disk.path});
    ends.disks.push_back(std::move(*file));
  }
  for (std::size_t i = 0; i < machine.nets.size(); ++i) {
    auto end = open_net_end(machine, i);
    if (!end) return std::unexpected(end.error());
    ends.nets.push_back(std::move(*end));
  }
  if (machine.cid) {
    auto socket = backend::open_vsock(*machine.cid);
    if (!socket) return std::unexpected(Failure{socket.error()});
    ends.socket = std::move(*socket);
  }
  return ends;
}

std::expected<kvm::Devices, Failure> open_kvm_devices(const MachineOptions& machine, const Report& report) {
  auto backends = open_backends(machine);
  if (!backends) return std::unexpected(backends.error());
  kvm::Devices out;
  auto& devices = out.all;
  for (std::size_t i = 0; i < backends->disks.size(); ++i)
    devices.push_back(block_device(machine, i, std::move(backends->disks[i]), report));
  for (std::size_t i = 0; i < backends->nets.size(); ++i)
    devices.push_back(network_card(machine, i, std::move(backends->nets[i]), report));
  if (machine.cid) {
    auto socket = virtio::Socket::create(std::move(backends->socket), *machine.cid);
    if (!socket) return std::unexpected(Failure{socket.error()});
    devices.push_back(std::move(*socket));
  }
  if (machine.console) {
    auto console = std::make_unique<virtio::Console>();
    out.console = console.get();
    devices.push_back(std::move(console));
  }
  if (machine.entropy) devices.push_back(std::make_unique<virtio::Entropy>());
  return out;
}

std::vector<qemu::Device> qemu_devices(const MachineOptions& machine, const HostBackends& backends) {
  std::vector<qemu::Device> out;
  for (const DiskOption& disk : machine.disks)
    out.emplace_back(qemu::Disk{.path = disk.path, .read_only = disk.read_only, .serial = disk.serial});
  for (std::size_t i = 0; i < backends.nets.size(); ++i) {
    const std::string mac = backend::mac_text(mac_of(machine, i));
    if (const auto* user = std::get_if<backend::UserNetwork>(&backends.nets[i]))
      out.emplace_back(
          qemu::StreamNet{.stream = user->stream.get(), .mtu = backend::kUserNetworkMtu, .mac = mac});
    else
      out.emplace_back(qemu::Net{.tap = std::get<UniqueFd>(backends.nets[i]).get(), .mac = mac});
  }
  if (machine.cid) out.emplace_back(qemu::Socket{.end = backends.socket.get(), .cid = *machine.cid});
  if (machine.console) out.emplace_back(qemu::Console{});
  if (machine.entropy) out.emplace_back(qemu::Entropy{});
  return out;
}

}  // namespace pvh::launch
