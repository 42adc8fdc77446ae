#include "x86/rtc.hpp"

#include <chrono>

namespace pvh::kvm {

namespace {

constexpr std::uint64_t kIndexPort = 0;
constexpr std::uint8_t kIndexBits = 0x7f;  // the highest bit masks NMIs

enum Register : std::uint8_t {
  kSeconds = 0,
  kMinutes = 2,
  kHours = 4,
  kWeekday = 6,
  kDay = 7,
  kMonth = 8,
  kYear = 9,
  kStatusA = 10,
  kStatusB = 11,
  kStatusC = 12,
  kStatusD = 13,
  kCentury = 0x32,
};

constexpr std::uint8_t kUpdating = 0x80;       // status A: never, here
constexpr std::uint8_t kUsualRate = 0x26;      // status A: 32768 Hz, divided to 1024 Hz
constexpr std::uint8_t kBinary = 0x04;         // status B
constexpr std::uint8_t k24Hours = 0x02;        // status B
constexpr std::uint8_t kAfternoon = 0x80;      // hours, where there are 12
constexpr std::uint8_t kBatteryIsGood = 0x80;  // status D

}  // namespace

Rtc::Rtc(std::function<std::time_t()> now) : now_(std::move(now)) {
  memory_[kStatusA] = kUsualRate;
  memory_[kStatusB] = k24Hours;
}

std::uint8_t Rtc::read_register(std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  return offset == kIndexPort ? std::uint8_t{0xff} : read_selected();
}

void Rtc::write_register(std::uint64_t offset, std::uint8_t value) {
  const std::lock_guard lock(mutex_);
  if (offset == kIndexPort)
    selected_ = value & kIndexBits;
  else
    memory_[selected_] = value;
}

std::uint8_t Rtc::read_selected() const {
  // Not by gmtime(): the C library reads a time zone's file even for that, and we may open none.
  const std::chrono::sys_seconds now{std::chrono::seconds(now_())};
  const auto midnight = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss time(now - midnight);
  constexpr int kYears = 100;
  switch (selected_) {
    case kSeconds:
      return in_format(static_cast<int>(time.seconds().count()));
    case kMinutes:
      return in_format(static_cast<int>(time.minutes().count()));
    case kHours:
      return hour(static_cast<int>(time.hours().count()));
    case kWeekday:
      return in_format(static_cast<int>(std::chrono::weekday(midnight).c_encoding()) + 1);
    case kDay:
      return in_format(static_cast<int>(static_cast<unsigned>(date.day())));
    case kMonth:
      return in_format(static_cast<int>(static_cast<unsigned>(date.month())));
    case kYear:
      return in_format(static_cast<int>(date.year()) % kYears);
    case kCentury:
      return in_format(static_cast<int>(date.year()) / kYears);
    case kStatusA:
      return memory_[kStatusA] & static_cast<std::uint8_t>(~kUpdating);
    case kStatusC:
      return 0;  // no interrupt was raised
    case kStatusD:
      return kBatteryIsGood;
    default:
      return memory_[selected_];
  }
}

std::uint8_t Rtc::in_format(int value) const {
  if ((memory_[kStatusB] & kBinary) != 0) return static_cast<std::uint8_t>(value);
  return static_cast<std::uint8_t>((value / 10) << 4 | value % 10);
}

std::uint8_t Rtc::hour(int value) const {
  if ((memory_[kStatusB] & k24Hours) != 0) return in_format(value);
  const int of_twelve = value % 12 == 0 ? 12 : value % 12;
  return in_format(of_twelve) | (value >= 12 ? kAfternoon : 0);
}

}  // namespace pvh::kvm
