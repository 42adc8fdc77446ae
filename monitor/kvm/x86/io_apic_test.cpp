#include "x86/io_apic.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include "pvh/board/board.hpp"

namespace pvh::kvm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Sink final : MessageSink {
  void deliver(const Message& message) override { delivered.push_back(message); }
  void route(std::span<const Route> now) override { routes.assign(now.begin(), now.end()); }
  std::vector<Message> delivered;
  std::vector<Route> routes;
};

constexpr std::uint32_t kVector = 0x31;
constexpr std::uint32_t kLevel = 1U << 15U;
constexpr std::uint32_t kMasked = 1U << 16U;
constexpr std::uint32_t kAccepted = 1U << 14U;

class Chips : public ::testing::Test {
 protected:
  Chips() { chips.attach(bus); }

  void write(GuestAddress chip, std::uint64_t offset, std::uint32_t value) {
    bus.write(chip.value() + offset, std::as_bytes(std::span(&value, 1)));
  }
  std::uint32_t read(GuestAddress chip, std::uint64_t offset) {
    std::uint32_t value = 0;
    bus.read(chip.value() + offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  std::uint32_t get(std::uint32_t index, GuestAddress chip = board::kIoApicAddress) {
    write(chip, 0, index);
    return read(chip, 0x10);
  }
  void set(std::uint32_t index, std::uint32_t value, GuestAddress chip = board::kIoApicAddress) {
    write(chip, 0, index);
    write(chip, 0x10, value);
  }
  /// To CPU 2, physical, fixed.
  void program(std::uint32_t pin, std::uint32_t low, GuestAddress chip = board::kIoApicAddress) {
    set(0x11 + 2 * pin, 2U << 24U, chip);
    set(0x10 + 2 * pin, low, chip);
  }

  Sink sink;
  IoApics chips{sink};
  Bus bus;
};

TEST_F(Chips, SayHowManyPinsTheyHave) {
  EXPECT_EQ(get(1), 0x170020U);
  EXPECT_EQ(get(1, board::kSecondIoApicAddress), 0x170020U);
  EXPECT_EQ(get(0), 0U);
  EXPECT_EQ(get(0, board::kSecondIoApicAddress), 0x01000000U);
}

TEST_F(Chips, StartMasked) {
  chips.set_line(4, true);
  EXPECT_THAT(sink.delivered, IsEmpty());
  EXPECT_EQ(get(0x10 + 2 * 4), kMasked);
}

TEST_F(Chips, DeliverAnEdgeOnceForEachRise) {
  program(4, kVector);
  chips.set_line(4, true);
  chips.set_line(4, true);
  const Message message{.address = 0xfee02000, .data = kVector | 1U << 14U};
  EXPECT_THAT(sink.delivered, ElementsAre(message));
  chips.set_line(4, false);
  chips.set_line(4, true);
  EXPECT_THAT(sink.delivered, ElementsAre(message, message));
}

TEST_F(Chips, DeliverAnEdgeThatCameWhileItWasMasked) {
  program(4, kVector | kMasked);
  chips.set_line(4, true);
  chips.set_line(4, false);
  EXPECT_THAT(sink.delivered, IsEmpty());
  program(4, kVector);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(Chips, DeliverALevelAgainAfterItsEndWhileItIsHigh) {
  program(3, kVector | kLevel, board::kSecondIoApicAddress);
  chips.set_line(27, true);
  EXPECT_EQ(sink.delivered.size(), 1U);
  EXPECT_NE(get(0x10 + 2 * 3, board::kSecondIoApicAddress) & kAccepted, 0U);
  chips.set_line(27, false);
  chips.set_line(27, true);
  EXPECT_EQ(sink.delivered.size(), 1U) << "a CPU still has it";
  chips.end_of_interrupt(kVector + 1);
  EXPECT_EQ(sink.delivered.size(), 1U);
  chips.end_of_interrupt(kVector);
  EXPECT_EQ(sink.delivered.size(), 2U);
  chips.set_line(27, false);
  chips.end_of_interrupt(kVector);
  EXPECT_EQ(sink.delivered.size(), 2U);
  EXPECT_EQ(get(0x10 + 2 * 3, board::kSecondIoApicAddress) & kAccepted, 0U);
}

TEST_F(Chips, EndAnInterruptByTheirOwnRegisterToo) {
  program(5, kVector | kLevel);
  chips.set_line(5, true);
  write(board::kIoApicAddress, 0x40, kVector);
  EXPECT_EQ(sink.delivered.size(), 2U);
}

TEST_F(Chips, TellWhichLinesAreLevelTriggeredAndInUse) {
  program(4, kVector);
  EXPECT_THAT(sink.routes, IsEmpty());
  program(3, (kVector + 1) | kLevel, board::kSecondIoApicAddress);
  EXPECT_THAT(sink.routes,
              ElementsAre(Route{27, {.address = 0xfee02000, .data = (kVector + 1) | kLevel | 1U << 14U}}));
  program(3, (kVector + 1) | kLevel | kMasked, board::kSecondIoApicAddress);
  EXPECT_THAT(sink.routes, IsEmpty());
}

TEST_F(Chips, TakeALogicalDestinationForOne) {
  program(4, kVector | 1U << 11U);
  chips.set_line(4, true);
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].address, 0xfee02004U);
}

TEST_F(Chips, CannotBeToldThatACpuHasAnInterrupt) {
  program(4, kVector | kLevel | kAccepted | 1U << 12U);
  EXPECT_EQ(get(0x10 + 2 * 4), kVector | kLevel);
}

TEST_F(Chips, SurviveEveryRegisterEveryWidthAndEveryLine) {
  for (std::uint64_t offset = 0; offset < IoApic::kWindowSize; ++offset) {
    for (const std::size_t size : {1, 2, 4, 8}) {
      std::vector<std::byte> data(size, std::byte{0xff});
      bus.write(board::kIoApicAddress.value() + offset, data);
      bus.read(board::kIoApicAddress.value() + offset, data);
    }
  }
  for (std::uint32_t index = 0; index < 256; ++index) {
    set(index, 0xffffffff);
    (void)get(index);
  }
  for (std::uint32_t line = 0; line < 100; ++line) chips.set_line(line, true);
  EXPECT_EQ(get(0xff), 0xffffffffU);
}

}  // namespace
}  // namespace pvh::kvm
