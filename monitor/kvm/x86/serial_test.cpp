#include "x86/serial.hpp"

#include <gmock/gmock.h>

#include <string>

namespace pvh::kvm {
namespace {

struct Line final : LineSink {
  void set_line(std::uint32_t, bool to) override {
    high = to;
    rises += to ? 1 : 0;
  }
  bool high = false;
  int rises = 0;
};

class Uart : public ::testing::Test {
 protected:
  Uart() { bus.attach(0, 8, serial); }
  unsigned get(std::uint64_t index) {
    std::byte value{};
    bus.read(index, std::span(&value, 1));
    return std::to_integer<unsigned>(value);
  }
  void set(std::uint64_t index, unsigned value) {
    const auto byte = static_cast<std::byte>(value);
    bus.write(index, std::span(&byte, 1));
  }
  std::string output(std::size_t most = 8192) {
    std::vector<std::byte> into(most);
    into.resize(serial.take_output(into));
    return std::string(as_text(into));
  }

  Line line;
  int wakes = 0;
  Serial serial{line, 4, [this] { ++wakes; }};
  Bus bus;
};

enum : std::uint64_t { kData, kEnable, kIdentity, kControl, kModem, kStatus, kModemStatus, kScratch };

TEST_F(Uart, PassesOutputOnAndWakesOnce) {
  for (const char character : std::string("hello")) set(kData, static_cast<unsigned>(character));
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(output(), "hello");
}

TEST_F(Uart, MakesAGuestWaitForASlowUserAndLosesNothing) {
  std::string sent;
  while ((get(kStatus) & 0x20U) != 0) {
    sent.push_back(static_cast<char>('a' + sent.size() % 26));
    set(kData, static_cast<unsigned char>(sent.back()));
    ASSERT_LT(sent.size(), 100'000U) << "a guest could fill our memory";
  }
  EXPECT_EQ(output(1).size(), 1U);
  EXPECT_NE(get(kStatus) & 0x20U, 0U);
  EXPECT_EQ(sent.front() + output(), sent.front() + sent.substr(1));
}

TEST_F(Uart, HasRoomForAWholeFifoWhereItSaysThatItIsEmpty) {
  set(kIdentity, 1);
  std::string sent;
  while ((get(kStatus) & 0x20U) != 0) {
    for (int i = 0; i < 16; ++i) {
      sent.push_back(static_cast<char>('a' + sent.size() % 26));
      set(kData, static_cast<unsigned char>(sent.back()));
    }
    if (sent.size() == 16) sent.erase(0, output(1).size());
    ASSERT_LT(sent.size(), 100'000U);
  }
  EXPECT_EQ(output(), sent);
}

TEST_F(Uart, AnnouncesRoomAfterItWasFull) {
  set(kEnable, 2);
  while ((get(kStatus) & 0x20U) != 0) set(kData, 'x');
  (void)get(kIdentity);
  EXPECT_FALSE(line.high);
  (void)output();
  EXPECT_TRUE(line.high);
  EXPECT_EQ(get(kIdentity), 2U);
}

TEST_F(Uart, GivesTypedBytesInOrderAndNoMoreThanItHolds) {
  set(kIdentity, 1);
  EXPECT_EQ(serial.type(as_bytes("0123456789abcdefXYZ")), 16U);
  EXPECT_EQ(get(kStatus) & 1U, 1U);
  for (const char expected : std::string("0123456789abcdef"))
    EXPECT_EQ(get(kData), static_cast<unsigned>(expected));
  EXPECT_EQ(get(kStatus) & 1U, 0U);
  EXPECT_EQ(wakes, 1) << "there is room for more";
  EXPECT_EQ(serial.type(as_bytes("XYZ")), 3U);
  EXPECT_EQ(get(kData), static_cast<unsigned>('X'));
}

TEST_F(Uart, WithoutFifosItHoldsOneByte) {
  EXPECT_EQ(serial.type(as_bytes("ab")), 1U);
}

TEST_F(Uart, InterruptsForInputUntilThatIsRead) {
  set(kIdentity, 1);
  set(kEnable, 1);
  EXPECT_EQ(get(kIdentity), 0xc1U);
  ASSERT_EQ(serial.type(as_bytes("a")), 1U);
  EXPECT_TRUE(line.high);
  EXPECT_EQ(get(kIdentity), 0xc4U);
  (void)get(kData);
  EXPECT_FALSE(line.high);
}

TEST_F(Uart, InterruptsForAnEmptyTransmitterEachTimeThatIsAskedFor) {
  set(kEnable, 2);
  EXPECT_TRUE(line.high);
  EXPECT_EQ(get(kIdentity), 2U);
  EXPECT_EQ(get(kIdentity), 1U) << "told once";
  EXPECT_FALSE(line.high);
  set(kEnable, 0);
  set(kEnable, 2);
  EXPECT_EQ(get(kIdentity), 2U) << "Linux tests for this";
  set(kData, 'x');
  EXPECT_TRUE(line.high);
}

TEST_F(Uart, IsFoundByWhoLooksForA16550A) {
  set(kEnable, 0xff);
  EXPECT_EQ(get(kEnable), 0x0fU);
  set(kEnable, 0);
  set(kScratch, 0x5a);
  EXPECT_EQ(get(kScratch), 0x5aU);
  set(kModem, 0x1a);  // loop, with two outputs set
  EXPECT_EQ(get(kModemStatus), 0x90U);
  set(kModem, 0);
  EXPECT_EQ(get(kModemStatus), 0xb0U);
  set(kIdentity, 1);
  EXPECT_EQ(get(kIdentity), 0xc1U);
  set(kControl, 0x80);
  set(kData, 1);
  set(kEnable, 2);
  EXPECT_EQ(get(kData) | get(kEnable) << 8U, 0x201U) << "the divisor";
  set(kControl, 3);
  EXPECT_EQ(get(kEnable), 0U);
  EXPECT_EQ(output(), "");
}

TEST_F(Uart, LoopsBackWhenTold) {
  set(kModem, 0x10);
  set(kData, 'l');
  EXPECT_EQ(output(), "");
  EXPECT_EQ(serial.type(as_bytes("x")), 0U);
  EXPECT_EQ(get(kData), static_cast<unsigned>('l'));
}

TEST_F(Uart, TellsOfAnOverrunOnce) {
  set(kModem, 0x10);
  set(kData, 'a');
  set(kData, 'b');
  EXPECT_EQ(get(kStatus) & 2U, 2U);
  EXPECT_EQ(get(kStatus) & 2U, 0U);
}

TEST_F(Uart, ClearsItsInputWhenTold) {
  set(kIdentity, 1);
  ASSERT_EQ(serial.type(as_bytes("abc")), 3U);
  set(kIdentity, 3);
  EXPECT_EQ(get(kStatus) & 1U, 0U);
}

}  // namespace
}  // namespace pvh::kvm
