// A split virtqueue as the device sees it (virtio 1.2, 2.7): chains of buffers come in, used ones go back.
// Every address, length, index and link is checked here, once; what fails is a broken queue.
#pragma once

#include <cstdint>
#include <optional>

#include "pvh/virtio/guest_memory.hpp"

namespace pvh::virtio {

/// Features of rings, by bit number, and of devices of this age.
inline constexpr std::uint64_t kFeatureIndirect = std::uint64_t{1} << 28U;
inline constexpr std::uint64_t kFeatureEventIndex = std::uint64_t{1} << 29U;
inline constexpr std::uint64_t kFeatureVersion1 = std::uint64_t{1} << 32U;
/// What every device here offers besides its own.
inline constexpr std::uint64_t kCommonFeatures = kFeatureIndirect | kFeatureEventIndex | kFeatureVersion1;

inline constexpr std::uint16_t kMaxQueueSize = 256;

/// Buffers that the driver made available together.
struct Chain {
  std::uint16_t head = 0;
  Buffers readable;  ///< by the device; at most kMaxQueueSize pieces, with the others
  Buffers writable;
};

using backend::QueuePlace;

class Queue {
 public:
  /// Nothing where the size is none that a queue can have, a part is not aligned, or lies not in one piece of
  /// RAM. `memory` outlives it.
  [[nodiscard]] static std::optional<Queue> create(const GuestMemory& memory, const QueuePlace& place,
                                                   std::uint64_t features);

  enum class Next : std::uint8_t { kChain, kEmpty, kBroken };

  /// The next chain that the driver made available, in `chain`, whose buffers are overwritten.
  [[nodiscard]] Next pop(Chain& chain);
  /// Takes back the last `pop`: it will be the next again.
  void unpop() { --taken_; }
  /// Gives a chain back, with `written` bytes in its writable buffers. The driver sees it after `publish`.
  void push(std::uint16_t head, std::uint32_t written);
  /// Shows the driver what was pushed; whether it wants an interrupt for that.
  [[nodiscard]] bool publish();

  /// Asks the driver to notify us of further chains; true where there are some already.
  [[nodiscard]] bool enable_notifications();
  /// Asks it not to: they are looked for anyway.
  void disable_notifications();

  [[nodiscard]] const QueuePlace& place() const { return place_; }
  [[nodiscard]] std::uint16_t size() const { return size_; }

 private:
  explicit Queue(const GuestMemory& memory) : memory_(&memory) {}

  [[nodiscard]] bool take(std::span<std::byte> table, std::uint32_t count, std::uint32_t index, Chain& chain,
                          bool inside) const;
  [[nodiscard]] std::uint16_t available_index() const;

  const GuestMemory* memory_;
  QueuePlace place_;
  std::span<std::byte> descriptors_;
  std::span<std::byte> available_;
  std::span<std::byte> used_;
  std::uint16_t size_ = 0;
  bool event_index_ = false;
  bool indirect_ = false;
  std::uint16_t taken_ = 0;      ///< chains, counted as the available ring's index counts
  std::uint16_t given_ = 0;      ///< the same for the used ring
  std::uint16_t published_ = 0;  ///< of these the driver knows
};

}  // namespace pvh::virtio
