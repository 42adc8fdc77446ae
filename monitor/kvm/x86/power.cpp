#include "x86/power.hpp"

#include "pvh/board/board.hpp"

namespace pvh::kvm {

namespace {

constexpr std::uint64_t kSleepControl = board::kSleepControl.value() - board::kPm1Control.value();
constexpr std::uint64_t kReset = board::kResetRegister.value() - board::kPm1Control.value();
static_assert(kReset < PowerRegisters::kSize);

constexpr std::uint8_t kSleepEnable = 0x20;
constexpr unsigned kSleepTypeShift = 2;
constexpr unsigned kSleepTypeMask = 7;

constexpr std::uint8_t kPanicked = 1;

}  // namespace

std::uint8_t PowerRegisters::read_register(std::uint64_t) {
  return 0;  // no wake-up to tell of, and the rest is only written
}

void PowerRegisters::write_register(std::uint64_t offset, std::uint8_t value) {
  if (offset == kSleepControl && (value & kSleepEnable) != 0 &&
      (value >> kSleepTypeShift & kSleepTypeMask) == board::kSleepTypeOff)
    end_(run::Ending::kPowerOff);
  if (offset == kReset && value == board::kResetValue) end_(run::Ending::kReboot);
}

void ResetPort::write_register(std::uint64_t, std::uint8_t value) {
  if (value == kReset) end_(run::Ending::kReboot);
}

std::uint8_t PanicPort::read_register(std::uint64_t) {
  return kPanicked;
}

void PanicPort::write_register(std::uint64_t, std::uint8_t value) {
  if ((value & kPanicked) != 0) end_(run::Ending::kPanic);
}

}  // namespace pvh::kvm
