#include "pvh/virtio/queue.hpp"

#include <bit>

namespace pvh::virtio {

namespace {

// A descriptor: address (8), length (4), flags (2), next (2).
constexpr std::size_t kDescriptorSize = 16;
constexpr std::size_t kLengthAt = 8;
constexpr std::uint16_t kFlagNext = 1;
constexpr std::uint16_t kFlagWrite = 2;
constexpr std::uint16_t kFlagIndirect = 4;

// Both rings: flags (2), index (2), entries, and the event index (2) of the other side.
constexpr std::size_t kFlagsAt = 0;
constexpr std::size_t kIndexAt = 2;
constexpr std::size_t kEntriesAt = 4;
constexpr std::size_t kAvailableEntry = 2;
constexpr std::size_t kUsedEntry = 8;
constexpr std::size_t kEventSize = 2;
constexpr std::uint16_t kNoInterrupt = 1;     // in the available ring
constexpr std::uint16_t kNoNotification = 1;  // in the used ring

// What the specification aligns them to.
constexpr std::uint64_t kDescriptorAlignment = 16;
constexpr std::uint64_t kAvailableAlignment = 2;
constexpr std::uint64_t kUsedAlignment = 4;

// An indirect table may have as many entries as a queue.
constexpr std::uint32_t kMaxTable = kMaxQueueSize;

// A chain's length in bytes has 32 bits in the used ring.
constexpr std::uint64_t kMaxChainBytes = UINT32_MAX;

struct Descriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;
  std::uint16_t next;
};

/// Two loads: what they hold may be of two moments, but is not looked at again.
Descriptor descriptor(std::span<std::byte> table, std::uint32_t index) {
  const std::size_t at = std::size_t{index} * kDescriptorSize;
  const auto rest = load<std::uint64_t>(table, at + kLengthAt);
  return {.address = load<std::uint64_t>(table, at),
          .length = static_cast<std::uint32_t>(rest),
          .flags = static_cast<std::uint16_t>(rest >> 32U),
          .next = static_cast<std::uint16_t>(rest >> 48U)};
}

std::optional<std::span<std::byte>> part(const GuestMemory& memory, std::uint64_t at, std::uint64_t size,
                                         std::uint64_t alignment) {
  const GuestAddress address(at);
  if (!address.is_aligned(alignment)) return std::nullopt;
  return memory.find(address, size);
}

}  // namespace

std::optional<Queue> Queue::create(const GuestMemory& memory, const QueuePlace& place,
                                   std::uint64_t features) {
  if (place.size == 0 || place.size > kMaxQueueSize || !std::has_single_bit(place.size)) return std::nullopt;
  const auto descriptors =
      part(memory, place.descriptors, place.size * kDescriptorSize, kDescriptorAlignment);
  const auto available = part(memory, place.available, kEntriesAt + place.size * kAvailableEntry + kEventSize,
                              kAvailableAlignment);
  const auto used =
      part(memory, place.used, kEntriesAt + place.size * kUsedEntry + kEventSize, kUsedAlignment);
  if (!descriptors || !available || !used) return std::nullopt;
  Queue queue(memory);
  queue.place_ = place;
  queue.descriptors_ = *descriptors;
  queue.available_ = *available;
  queue.used_ = *used;
  queue.size_ = static_cast<std::uint16_t>(place.size);
  queue.event_index_ = (features & kFeatureEventIndex) != 0;
  queue.indirect_ = (features & kFeatureIndirect) != 0;
  return queue;
}

std::uint16_t Queue::available_index() const {
  return load<std::uint16_t>(available_, kIndexAt, std::memory_order_acquire);
}

Queue::Next Queue::pop(Chain& chain) {
  const auto waiting = static_cast<std::uint16_t>(available_index() - taken_);
  if (waiting == 0) return Next::kEmpty;
  // More than there are descriptors for, waiting or with us, no driver can mean; and nothing here may grow by
  // it.
  if (waiting > size_ || static_cast<std::uint16_t>(taken_ - given_) >= size_) return Next::kBroken;
  const std::size_t slot = taken_ & (size_ - 1U);
  const auto head = load<std::uint16_t>(available_, kEntriesAt + slot * kAvailableEntry);
  chain.head = head;
  chain.readable.clear();
  chain.writable.clear();
  if (!take(descriptors_, size_, head, chain, false)) return Next::kBroken;
  ++taken_;
  return Next::kChain;
}

bool Queue::take(std::span<std::byte> table, std::uint32_t count, std::uint32_t index, Chain& chain,
                 bool inside) const {
  // A chain that is longer than its table has come back to where it was.
  for (std::uint32_t steps = 0; steps < count; ++steps) {
    if (index >= count) return false;
    const Descriptor found = descriptor(table, index);
    if ((found.flags & kFlagIndirect) != 0) {
      if (inside || !indirect_ || (found.flags & kFlagNext) != 0) return false;
      const std::uint32_t entries = found.length / kDescriptorSize;
      if (found.length % kDescriptorSize != 0 || entries == 0 || entries > kMaxTable) return false;
      const auto indirect = memory_->find(GuestAddress(found.address), found.length);
      return indirect && take(*indirect, entries, 0, chain, true);
    }
    if (found.length > 0) {
      const auto piece = memory_->find(GuestAddress(found.address), found.length);
      if (!piece) return false;
      const bool writable = (found.flags & kFlagWrite) != 0;
      if (!writable && !chain.writable.empty()) return false;
      if (chain.readable.size() + chain.writable.size() + found.length > kMaxChainBytes) return false;
      // Of both tables together: devices hand the pieces to calls that take so many.
      if (chain.readable.pieces().size() + chain.writable.pieces().size() >= kMaxQueueSize) return false;
      (writable ? chain.writable : chain.readable).append(*piece);
    }
    if ((found.flags & kFlagNext) == 0) return true;
    index = found.next;
  }
  return false;
}

void Queue::push(std::uint16_t head, std::uint32_t written) {
  const std::size_t at = kEntriesAt + (given_ & (size_ - 1U)) * kUsedEntry;
  store<std::uint32_t>(used_, at, head);
  store<std::uint32_t>(used_, at + sizeof(std::uint32_t), written);
  ++given_;
}

bool Queue::publish() {
  if (given_ == published_) return false;
  const auto before = published_;
  published_ = given_;
  store<std::uint16_t>(used_, kIndexAt, given_, std::memory_order_release);
  // The driver writes its wish and then looks at the index; we the other way about. One of us sees the other.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!event_index_) return (load<std::uint16_t>(available_, kFlagsAt) & kNoInterrupt) == 0;
  const auto wanted = load<std::uint16_t>(available_, kEntriesAt + size_ * kAvailableEntry);
  return static_cast<std::uint16_t>(given_ - wanted - 1) < static_cast<std::uint16_t>(given_ - before);
}

bool Queue::enable_notifications() {
  if (event_index_)
    store<std::uint16_t>(used_, kEntriesAt + size_ * kUsedEntry, taken_);
  else
    store<std::uint16_t>(used_, kFlagsAt, 0);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return available_index() != taken_;
}

void Queue::disable_notifications() {
  // With event indices the driver notifies at one index only, which stays behind by itself.
  if (!event_index_) store<std::uint16_t>(used_, kFlagsAt, kNoNotification);
}

}  // namespace pvh::virtio
