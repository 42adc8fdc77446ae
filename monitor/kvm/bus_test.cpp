#include "bus.hpp"

#include <gmock/gmock.h>

#include <array>

namespace pvh::kvm {
namespace {

using ::testing::ElementsAre;

/// Notes what it is asked for.
class Recorder final : public Device {
 public:
  void read(std::uint64_t offset, std::span<std::byte> out) override {
    last_offset = offset;
    last_size = out.size();
    if (!out.empty()) out.front() = std::byte{0x42};
  }
  void write(std::uint64_t offset, Bytes in) override {
    last_offset = offset;
    last_size = in.size();
  }
  std::uint64_t last_offset = 0;
  std::size_t last_size = 0;
};

class Registers final : public ByteDevice {
 public:
  std::array<std::uint8_t, 4> values{1, 2, 3, 4};

 protected:
  std::uint8_t read_register(std::uint64_t offset) override { return values.at(offset); }
  void write_register(std::uint64_t offset, std::uint8_t value) override { values.at(offset) = value; }
};

std::array<std::byte, 4> read4(const Bus& bus, std::uint64_t address) {
  std::array<std::byte, 4> out{};
  bus.read(address, out);
  return out;
}

constexpr std::byte kOnes{0xff};

TEST(Bus, ReadsOnesWhereNobodyAnswers) {
  EXPECT_THAT(read4(Bus(), 0x80), ElementsAre(kOnes, kOnes, kOnes, kOnes));
  Bus().write(0x80, as_bytes("x"));
}

TEST(Bus, FindsTheDeviceByItsRange) {
  Bus bus;
  Recorder device;
  bus.attach(0x3f8, 8, device);
  EXPECT_THAT(read4(bus, 0x3fa), ElementsAre(std::byte{0x42}, kOnes, kOnes, kOnes));
  EXPECT_EQ(device.last_offset, 2U);
  EXPECT_THAT(read4(bus, 0x400), ElementsAre(kOnes, kOnes, kOnes, kOnes));
  EXPECT_THAT(read4(bus, 0x3f7), ElementsAre(kOnes, kOnes, kOnes, kOnes));
}

TEST(Bus, CutsAnAccessAtTheDevicesEnd) {
  Bus bus;
  Recorder device;
  bus.attach(0x3f8, 8, device);
  EXPECT_THAT(read4(bus, 0x3fe), ElementsAre(std::byte{0x42}, kOnes, kOnes, kOnes));
  EXPECT_EQ(device.last_size, 2U);
  bus.write(0x3ff, as_bytes("abcd"));
  EXPECT_EQ(device.last_size, 1U);
}

TEST(Bus, CopesWithTheLastAddressThereIs) {
  Bus bus;
  Recorder device;
  bus.attach(UINT64_MAX, 1, device);
  EXPECT_EQ(read4(bus, UINT64_MAX).front(), std::byte{0x42});
  EXPECT_EQ(device.last_size, 1U);
}

TEST(ByteDevice, TakesAWideAccessForSeveral) {
  Bus bus;
  Registers device;
  bus.attach(0, 4, device);
  EXPECT_THAT(read4(bus, 0), ElementsAre(std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}));
  bus.write(1, as_bytes("ab"));
  EXPECT_THAT(device.values, ElementsAre(1, 'a', 'b', 4));
}

}  // namespace
}  // namespace pvh::kvm
