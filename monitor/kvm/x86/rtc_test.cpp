#include "x86/rtc.hpp"

#include <gtest/gtest.h>

namespace pvh::kvm {
namespace {

constexpr std::time_t kNow = 1785508397;  // 2026-07-31 14:33:17 UTC, a Friday

class Clock : public ::testing::Test {
 protected:
  Clock() { bus.attach(0x70, Rtc::kSize, rtc); }
  unsigned get(std::uint8_t index) {
    const std::byte selected{index};
    bus.write(0x70, std::span(&selected, 1));
    std::byte value{};
    bus.read(0x71, std::span(&value, 1));
    return std::to_integer<unsigned>(value);
  }
  void set(std::uint8_t index, std::uint8_t value) {
    const std::byte both[] = {std::byte{index}, std::byte{value}};
    bus.write(0x70, both);
  }
  Rtc rtc{[] { return kNow; }};
  Bus bus;
};

TEST_F(Clock, TellsTheTimeInDecimalDigits) {
  EXPECT_EQ(get(0), 0x17U);
  EXPECT_EQ(get(2), 0x33U);
  EXPECT_EQ(get(4), 0x14U);
  EXPECT_EQ(get(6), 6U);
  EXPECT_EQ(get(7), 0x31U);
  EXPECT_EQ(get(8), 7U);
  EXPECT_EQ(get(9), 0x26U);
  EXPECT_EQ(get(0x32), 0x20U);
}

TEST_F(Clock, AndInBinaryOrInTwelveHoursWhenTold) {
  set(11, 0x06);
  EXPECT_EQ(get(2), 33U);
  EXPECT_EQ(get(4), 14U);
  set(11, 0x00);
  EXPECT_EQ(get(4), 0x82U);
}

TEST_F(Clock, IsNeverInTheMidstOfAnUpdateAndHasPower) {
  set(10, 0xff);
  EXPECT_EQ(get(10) & 0x80U, 0U);
  EXPECT_EQ(get(13), 0x80U);
  EXPECT_EQ(get(12), 0U);
}

TEST_F(Clock, CannotBeSetButRemembers) {
  set(0, 0x59);
  EXPECT_EQ(get(0), 0x17U);
  set(0x40, 0xab);
  EXPECT_EQ(get(0x40), 0xabU);
  set(0xff, 1);  // the highest bit is not the index's
  EXPECT_EQ(get(0x7f), 1U);
}

}  // namespace
}  // namespace pvh::kvm
