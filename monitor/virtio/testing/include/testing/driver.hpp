// A driver for tests: guest memory, a device behind its registers, and queues that it fills by hand.
#pragma once

#include <poll.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "pvh/virtio/transport.hpp"

namespace pvh::virtio::testing {

/// Registers, by their offsets.
enum : std::uint64_t {
  kDeviceFeatures = 0x10,
  kDeviceFeaturesHalf = 0x14,
  kDriverFeatures = 0x20,
  kDriverFeaturesHalf = 0x24,
  kQueueSelect = 0x30,
  kQueueSizeMax = 0x34,
  kQueueSize = 0x38,
  kQueueReady = 0x44,
  kNotify = 0x50,
  kInterruptStatus = 0x60,
  kInterruptAcknowledge = 0x64,
  kStatus = 0x70,
  kDescriptors = 0x80,
  kAvailable = 0x90,
  kUsed = 0xa0,
  kConfig = 0x100,
};

inline constexpr std::uint16_t kNext = 1;
inline constexpr std::uint16_t kWrite = 2;
inline constexpr std::uint16_t kIndirect = 4;

inline constexpr std::uint32_t kNeedsReset = 64;

struct Descriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;
  std::uint16_t next;
};

/// Guest memory: two pieces of RAM, with a hole between them.
class Ram {
 public:
  static constexpr std::uint64_t kFirstSize = 512 * kKiB;
  static constexpr std::uint64_t kSecondStart = kMiB;
  static constexpr std::uint64_t kSecondSize = 256 * kKiB;

  Ram() : bytes_(kFirstSize + kSecondSize), memory_(pieces()) {}
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  [[nodiscard]] const GuestMemory& memory() const { return memory_; }
  /// Of the first piece.
  [[nodiscard]] std::span<std::byte> at(std::uint64_t address, std::size_t size) {
    return std::span(bytes_).first(kFirstSize).subspan(address, size);
  }
  /// All of it, piece after piece.
  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

  template <class T>
  void put(std::uint64_t address, T value) {
    std::memcpy(at(address, sizeof value).data(), &value, sizeof value);
  }
  template <class T>
  [[nodiscard]] T get(std::uint64_t address) {
    T value;
    std::memcpy(&value, at(address, sizeof value).data(), sizeof value);
    return value;
  }

 private:
  [[nodiscard]] std::vector<RamPiece> pieces() {
    return {{*GuestRange::from_size(GuestAddress{0}, kFirstSize), std::span(bytes_).first(kFirstSize)},
            {*GuestRange::from_size(GuestAddress{kSecondStart}, kSecondSize),
             std::span(bytes_).subspan(kFirstSize)}};
  }

  std::vector<std::byte> bytes_;
  GuestMemory memory_;
};

/// The registers of one device, and its worker.
class Registers {
 public:
  Registers(Device& device, const GuestMemory& memory) : transport_(device, memory) {
    transport_.settle([] {});
  }

  void write(std::uint64_t offset, std::uint32_t value) {
    transport_.write(offset, std::as_bytes(std::span(&value, 1)));
  }
  [[nodiscard]] std::uint32_t read(std::uint64_t offset) {
    std::uint32_t value = 0xffffffff;
    transport_.read(offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  [[nodiscard]] Transport& transport() { return transport_; }

  /// The worker's turn; waits so long for something to do. False where there was nothing.
  bool serve(int milliseconds = 0) {
    std::vector<pollfd> polled;
    system::Waits waits(polled);
    transport_.prepare(waits);
    if (::poll(polled.data(), polled.size(), milliseconds) <= 0) return false;
    transport_.serve(polled);
    return true;
  }
  /// Whether there was an interrupt since this was asked last.
  [[nodiscard]] bool interrupted() {
    std::uint64_t count = 0;
    return ::read(transport_.interrupt_descriptor(), &count, sizeof count) == sizeof count;
  }

 private:
  Transport transport_;
};

/// A queue of the driver's in the first piece of RAM, 16 KiB long.
class Ring {
 public:
  static constexpr std::uint16_t kSize = 16;

  Ring(Ram& ram, std::uint64_t start) : ram_(&ram), start_(start) {}

  [[nodiscard]] std::uint64_t descriptors() const { return start_; }
  [[nodiscard]] std::uint64_t available() const { return start_ + 0x1000; }
  [[nodiscard]] std::uint64_t used() const { return start_ + 0x2000; }
  /// Room for tables and buffers of the driver's.
  [[nodiscard]] std::uint64_t table() const { return start_ + 0x3000; }
  [[nodiscard]] QueuePlace place() const {
    return {.size = kSize, .descriptors = descriptors(), .available = available(), .used = used()};
  }

  void describe(std::uint16_t index, const Descriptor& descriptor) {
    ram_->put(descriptors() + index * sizeof descriptor, descriptor);
  }
  /// Puts a chain of descriptors, linked as they come, at `first`, and makes it available.
  void add(std::vector<Descriptor> chain, std::uint16_t first = 0) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
      chain[i].next = static_cast<std::uint16_t>(first + i + 1);
      if (i + 1 < chain.size()) chain[i].flags |= kNext;
      describe(static_cast<std::uint16_t>(first + i), chain[i]);
    }
    offer(first);
  }
  void offer(std::uint16_t head) {
    const auto index = ram_->get<std::uint16_t>(available() + 2);
    ram_->put(available() + 4 + (index % kSize) * 2U, head);
    ram_->put(available() + 2, static_cast<std::uint16_t>(index + 1));
  }
  [[nodiscard]] std::uint16_t used_count() { return ram_->get<std::uint16_t>(used() + 2); }
  struct Used {
    std::uint32_t head;
    std::uint32_t written;
  };
  [[nodiscard]] Used used_at(std::uint16_t index) { return ram_->get<Used>(used() + 4 + index % kSize * 8U); }

 private:
  Ram* ram_;
  std::uint64_t start_;
};

/// Brings a device up as a driver does, with `features`, and queue 0 in `ring`.
inline void start(Registers& registers, const Ring& ring, std::uint64_t features = kFeatureVersion1) {
  registers.write(kStatus, 0);
  registers.write(kStatus, 1);
  registers.write(kStatus, 3);
  for (std::uint32_t half = 0; half < 2; ++half) {
    registers.write(kDriverFeaturesHalf, half);
    registers.write(kDriverFeatures, static_cast<std::uint32_t>(features >> (32 * half)));
  }
  registers.write(kStatus, 3 + 8);
  registers.write(kQueueSelect, 0);
  registers.write(kQueueSize, Ring::kSize);
  registers.write(kDescriptors, static_cast<std::uint32_t>(ring.descriptors()));
  registers.write(kAvailable, static_cast<std::uint32_t>(ring.available()));
  registers.write(kUsed, static_cast<std::uint32_t>(ring.used()));
  registers.write(kQueueReady, 1);
  registers.write(kStatus, 3 + 8 + 4);
}

}  // namespace pvh::virtio::testing
