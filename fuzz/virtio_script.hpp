// A hostile driver for the fuzzers of devices: what the guest's memory holds, and what it does to the
// registers, out of the input.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "pvh/base/bytes.hpp"
#include "testing/driver.hpp"

namespace pvh::virtio::testing {

/// Two pieces of RAM, each an allocation of its own: AddressSanitizer sees who leaves one.
class GuardedRam {
 public:
  static constexpr std::size_t kFirstSize = 64 * kKiB;
  static constexpr std::uint64_t kSecondStart = kMiB;
  static constexpr std::size_t kSecondSize = 8 * kKiB;

  [[nodiscard]] const GuestMemory& memory() const { return memory_; }
  [[nodiscard]] std::span<std::byte> first() { return {first_.get(), kFirstSize}; }

 private:
  std::unique_ptr<std::byte[]> first_ = std::make_unique<std::byte[]>(kFirstSize);
  std::unique_ptr<std::byte[]> second_ = std::make_unique<std::byte[]>(kSecondSize);
  GuestMemory memory_{
      {{*GuestRange::from_size(GuestAddress{0}, kFirstSize), {first_.get(), kFirstSize}},
       {*GuestRange::from_size(GuestAddress{kSecondStart}, kSecondSize), {second_.get(), kSecondSize}}}};
};

/// The input: the size of a memory image (2 bytes), the image, and steps of a byte and what that takes.
class Script {
 public:
  Script(Bytes input, GuardedRam& ram, Registers& registers, std::uint64_t features)
      : input_(input), ram_(ram), registers_(registers), features_(features) {}

  void run() {
    poke(0, take<std::uint16_t>());
    while (!input_.empty()) step();
  }

 private:
  // Where `bring_up` puts queue 0; the others follow, and buffers may lie anywhere.
  static constexpr std::uint64_t kRing = 0x1000;
  static constexpr std::uint64_t kRingSize = 0x400;

  template <class T>
  T take() {
    T value{};
    const std::size_t count = std::min(sizeof value, input_.size());
    std::memcpy(&value, input_.data(), count);
    input_ = input_.subspan(count);
    return value;
  }

  void step() {
    switch (take<std::uint8_t>() % 8) {
      case 0: {
        const auto offset = take<std::uint8_t>() * 4U % Transport::kSize;
        return registers_.write(offset, take<std::uint32_t>());
      }
      case 1:
        return access(true);
      case 2:
        return access(false);
      case 3: {
        const auto at = take<std::uint16_t>();
        return poke(at, take<std::uint8_t>());
      }
      case 4:
        (void)registers_.serve();
        return;
      case 5:
        return bring_up();
      case 6:
        return offer(take<std::uint8_t>() % 4U);
      case 7:
        return registers_.write(kNotify, take<std::uint8_t>() % 8U);
      default:
        return;
    }
  }

  void access(bool write) {
    const std::uint64_t offset = take<std::uint16_t>() % Transport::kSize;
    std::array<std::byte, 8> bytes{};
    const std::size_t size =
        std::min<std::uint64_t>(1 + take<std::uint8_t>() % 8U, Transport::kSize - offset);
    for (std::byte& byte : bytes) byte = take<std::byte>();
    if (write)
      registers_.transport().write(offset, Bytes(bytes).first(size));
    else
      registers_.transport().read(offset, std::span(bytes).first(size));
  }

  void poke(std::size_t at, std::size_t size) {
    const std::size_t count = std::min({size, input_.size(), ram_.first().size() - at});
    if (count > 0) std::memcpy(ram_.first().data() + at, input_.data(), count);
    input_ = input_.subspan(count);
  }

  void bring_up() {
    registers_.write(kStatus, 0);
    registers_.write(kStatus, 3);
    const std::uint64_t features = (features_ & take<std::uint64_t>()) | kFeatureVersion1;
    for (std::uint32_t half = 0; half < 2; ++half) {
      registers_.write(kDriverFeaturesHalf, half);
      registers_.write(kDriverFeatures, static_cast<std::uint32_t>(features >> (32 * half)));
    }
    registers_.write(kStatus, 11);
    for (unsigned i = 0; i < registers_.transport().queue_count(); ++i) {
      const auto ring = static_cast<std::uint32_t>(kRing + i * kRingSize);
      registers_.write(kQueueSelect, i);
      registers_.write(kQueueSize, Ring::kSize);
      registers_.write(kDescriptors, ring);
      registers_.write(kAvailable, ring + 0x100);
      registers_.write(kUsed, ring + 0x200);
      registers_.write(kQueueReady, 1);
    }
    registers_.write(kStatus, 15);
  }

  void offer(unsigned queue) {
    const auto available = ram_.first().subspan(kRing + queue * kRingSize + 0x100, 0x100);
    const auto index = load<std::uint16_t>(available, 2);
    store<std::uint16_t>(available, 4 + index % Ring::kSize * 2U, take<std::uint8_t>());
    store<std::uint16_t>(available, 2, static_cast<std::uint16_t>(index + 1));
  }

  Bytes input_;
  GuardedRam& ram_;
  Registers& registers_;
  std::uint64_t features_;
};

}  // namespace pvh::virtio::testing
