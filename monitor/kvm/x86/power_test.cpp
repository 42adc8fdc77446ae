#include "x86/power.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "pvh/board/board.hpp"

namespace pvh::kvm {
namespace {

using run::Ending;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Power : public ::testing::Test {
 protected:
  Power() {
    bus.attach(board::kPm1Control.value(), PowerRegisters::kSize, registers);
    bus.attach(board::kEventDevice.value(), EventDevice::kSize, events);
    bus.attach(ResetPort::kPort, 1, reset);
    bus.attach(board::kPanicPort, PanicPort::kSize, panic);
  }
  void write(std::uint64_t address, std::vector<std::uint8_t> bytes) {
    bus.write(address, std::as_bytes(std::span(bytes)));
  }

  std::vector<Ending> endings;
  PowerRegisters registers{[this](Ending ending) { endings.push_back(ending); }};
  PanicPort panic{[this](Ending ending) { endings.push_back(ending); }};
  ResetPort reset{[this](Ending ending) { endings.push_back(ending); }};
  EventDevice events;
  Bus bus;
};

constexpr std::uint8_t kOff = 0x20 | board::kSleepTypeOff << 2;

TEST_F(Power, GoesOffByTheSleepControlRegister) {
  write(board::kSleepControl.value(), {kOff});
  EXPECT_THAT(endings, ElementsAre(Ending::kPowerOff));
}

TEST_F(Power, GoesOffByTheUpperHalfOfPm1Control) {
  write(board::kPm1Control.value(), {0, kOff});
  EXPECT_THAT(endings, ElementsAre(Ending::kPowerOff));
}

TEST_F(Power, KnowsNoOtherSleep) {
  for (unsigned value = 0; value < 256; ++value)
    if (value != kOff && (value & 0x3cU) != kOff)
      write(board::kSleepControl.value(), {static_cast<std::uint8_t>(value)});
  write(board::kSleepStatus.value(), {kOff});
  EXPECT_THAT(endings, IsEmpty());
}

TEST_F(Power, ResetsByTheResetRegistersValueOnly) {
  write(board::kResetRegister.value(), {0x41});
  EXPECT_THAT(endings, IsEmpty());
  write(board::kResetRegister.value(), {board::kResetValue});
  EXPECT_THAT(endings, ElementsAre(Ending::kReboot));
}

TEST_F(Power, ResetsByTheKeyboardControllersCommandOnly) {
  for (unsigned value = 0; value < 256; ++value)
    if (value != ResetPort::kReset) write(ResetPort::kPort, {static_cast<std::uint8_t>(value)});
  EXPECT_THAT(endings, IsEmpty());
  write(ResetPort::kPort, {ResetPort::kReset});
  EXPECT_THAT(endings, ElementsAre(Ending::kReboot));
}

TEST_F(Power, APanicIsTheFirstBitOfItsPort) {
  write(board::kPanicPort, {2});
  EXPECT_THAT(endings, IsEmpty());
  write(board::kPanicPort, {1});
  EXPECT_THAT(endings, ElementsAre(Ending::kPanic));
}

TEST_F(Power, ThereAreNoEvents) {
  std::vector<std::byte> selector(4, std::byte{0xff});
  bus.read(board::kEventDevice.value(), selector);
  EXPECT_THAT(selector, ::testing::Each(std::byte{0}));
}

}  // namespace
}  // namespace pvh::kvm
