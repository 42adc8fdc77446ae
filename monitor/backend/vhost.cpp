#include "pvh/backend/vhost.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "pvh/backend/vhost_calls.hpp"

namespace pvh::backend {

namespace {

std::uint64_t host_address(const std::byte* pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

/// Where this process has the guest's `address`; 0 where the guest has no memory there.
std::uint64_t host_address(std::span<const RamPiece> memory, std::uint64_t address) {
  for (const RamPiece& piece : memory) {
    if (!piece.range.contains(GuestAddress(address))) continue;
    return host_address(piece.host.data()) + (address - piece.range.start().value());
  }
  return 0;
}

}  // namespace

Vhost::Vhost(UniqueFd device, unsigned queues) : device_(std::move(device)), notified_(queues) {
  valid_ = device_ && error_.valid() && std::ranges::all_of(notified_, &system::Event::valid) &&
           ::ioctl(device_.get(), VHOST_SET_OWNER) == 0 &&
           ::ioctl(device_.get(), VHOST_GET_FEATURES, &features_) == 0;
}

std::vector<int> Vhost::descriptors() const {
  std::vector<int> all = {device_.get(), error_.descriptor()};
  for (const system::Event& event : notified_) all.push_back(event.descriptor());
  return all;
}

bool Vhost::configure(std::uint64_t features, std::span<const RamPiece> memory,
                      std::span<const QueuePlace> queues, int interrupt) {
  const std::uint64_t accepted = features & features_;
  if (queues.size() < notified_.size()) return false;
  if (::ioctl(device_.get(), VHOST_SET_FEATURES, &accepted) != 0 || !set_memory(memory)) return false;
  for (unsigned i = 0; i < notified_.size(); ++i)
    if (!set_queue(i, queues[i], memory, interrupt)) return false;
  return true;
}

void Vhost::notify() const {
  for (const system::Event& event : notified_) event.signal();
}

bool Vhost::set_memory(std::span<const RamPiece> memory) const {
  // A head and an array behind it.
  static_assert(sizeof(vhost_memory) % alignof(vhost_memory_region) == 0);
  std::vector<std::byte> table(sizeof(vhost_memory) + memory.size() * sizeof(vhost_memory_region));
  const auto count = static_cast<std::uint32_t>(memory.size());
  std::memcpy(table.data() + offsetof(vhost_memory, nregions), &count, sizeof count);
  std::size_t at = offsetof(vhost_memory, regions);
  for (const RamPiece& piece : memory) {
    const vhost_memory_region region{.guest_phys_addr = piece.range.start().value(),
                                     .memory_size = piece.range.size(),
                                     .userspace_addr = host_address(piece.host.data()),
                                     .flags_padding = 0};
    std::memcpy(table.data() + at, &region, sizeof region);
    at += sizeof region;
  }
  return ::ioctl(device_.get(), VHOST_SET_MEM_TABLE, table.data()) == 0;
}

bool Vhost::set_queue(unsigned index, const QueuePlace& queue, std::span<const RamPiece> memory,
                      int interrupt) const {
  const vhost_vring_state size{.index = index, .num = queue.size};
  const vhost_vring_state base{.index = index, .num = 0};
  const vhost_vring_addr address{.index = index,
                                 .flags = 0,
                                 .desc_user_addr = host_address(memory, queue.descriptors),
                                 .used_user_addr = host_address(memory, queue.used),
                                 .avail_user_addr = host_address(memory, queue.available),
                                 .log_guest_addr = 0};
  const vhost_vring_file kick{.index = index, .fd = notification_descriptor(index)};
  const vhost_vring_file call{.index = index, .fd = interrupt};
  const vhost_vring_file error{.index = index, .fd = error_.descriptor()};
  const int device = device_.get();
  return ::ioctl(device, VHOST_SET_VRING_NUM, &size) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_BASE, &base) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_ADDR, &address) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_KICK, &kick) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_CALL, &call) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_ERR, &error) == 0;
}

}  // namespace pvh::backend
