#include "pvh/virtio/vhost.hpp"

#include <sys/ioctl.h>
#include "pvh/virtio/vhost_calls.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace pvh::virtio {

namespace {

std::uint64_t host_address(const std::byte* pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

}  // namespace

Vhost::Vhost(UniqueFd device, unsigned queues) : device_(std::move(device)), notified_(queues) {
  valid_ = device_ && error_.valid() && std::ranges::all_of(notified_, &engine::Event::valid) &&
           ::ioctl(device_.get(), VHOST_SET_OWNER) == 0 &&
           ::ioctl(device_.get(), VHOST_GET_FEATURES, &features_) == 0;
}

std::vector<int> Vhost::descriptors() const {
  std::vector<int> all = {device_.get(), error_.descriptor()};
  for (const engine::Event& event : notified_) all.push_back(event.descriptor());
  return all;
}

bool Vhost::prepare(Driver& driver) {
  const std::uint64_t features = driver.features() & features_;
  if (::ioctl(device_.get(), VHOST_SET_FEATURES, &features) != 0 || !set_memory(driver.memory()))
    return false;
  for (unsigned i = 0; i < notified_.size(); ++i)
    if (!set_queue(driver, i)) return false;
  return true;
}

void Vhost::notify() const {
  for (const engine::Event& event : notified_) event.signal();
}

bool Vhost::set_memory(const GuestMemory& memory) const {
  const auto pieces = memory.pieces();
  // A head and an array behind it.
  static_assert(sizeof(vhost_memory) % alignof(vhost_memory_region) == 0);
  std::vector<std::byte> table(sizeof(vhost_memory) + pieces.size() * sizeof(vhost_memory_region));
  const auto count = static_cast<std::uint32_t>(pieces.size());
  std::memcpy(table.data() + offsetof(vhost_memory, nregions), &count, sizeof count);
  std::size_t at = offsetof(vhost_memory, regions);
  for (const MemoryPiece& piece : pieces) {
    const vhost_memory_region region{.guest_phys_addr = piece.range.start().value(),
                                     .memory_size = piece.range.size(),
                                     .userspace_addr = host_address(piece.host.data()),
                                     .flags_padding = 0};
    std::memcpy(table.data() + at, &region, sizeof region);
    at += sizeof region;
  }
  return ::ioctl(device_.get(), VHOST_SET_MEM_TABLE, table.data()) == 0;
}

bool Vhost::set_queue(Driver& driver, unsigned index) const {
  const Queue* const queue = driver.queue(index);
  if (queue == nullptr) return false;
  const auto host = [&](std::uint64_t guest) {
    const auto found = driver.memory().find(GuestAddress(guest), 1);
    return found ? host_address(found->data()) : 0;
  };
  const QueuePlace& place = queue->place();
  const vhost_vring_state size{.index = index, .num = place.size};
  const vhost_vring_state base{.index = index, .num = 0};
  const vhost_vring_addr address{.index = index,
                                 .flags = 0,
                                 .desc_user_addr = host(place.descriptors),
                                 .used_user_addr = host(place.used),
                                 .avail_user_addr = host(place.available),
                                 .log_guest_addr = 0};
  const vhost_vring_file kick{.index = index, .fd = notification_descriptor(index)};
  const vhost_vring_file call{.index = index, .fd = driver.interrupt_descriptor()};
  const vhost_vring_file error{.index = index, .fd = error_.descriptor()};
  const int device = device_.get();
  return ::ioctl(device, VHOST_SET_VRING_NUM, &size) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_BASE, &base) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_ADDR, &address) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_KICK, &kick) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_CALL, &call) == 0 &&
         ::ioctl(device, VHOST_SET_VRING_ERR, &error) == 0;
}

}  // namespace pvh::virtio
