#include "x86/serial.hpp"

#include <algorithm>
#include <utility>

namespace pvh::kvm {

namespace {

// Registers by offset; with the divisor shown, the first two are its halves.
enum : std::uint64_t {
  kData,
  kInterruptEnable,
  kIdentification,  // written: FIFO control
  kLineControl,
  kModemControl,
  kLineStatus,
  kModemStatus,
  kScratch,
};

// Interrupt enable.
constexpr std::uint8_t kEnableReceived = 1;
constexpr std::uint8_t kEnableTransmitterEmpty = 2;
constexpr std::uint8_t kEnableLineStatus = 4;
constexpr std::uint8_t kEnableAll = 0x0f;

// Identification.
constexpr std::uint8_t kNothingPending = 1;
constexpr std::uint8_t kTransmitterEmpty = 2;
constexpr std::uint8_t kReceived = 4;
constexpr std::uint8_t kLineStatusChanged = 6;
constexpr std::uint8_t kFifosOn = 0xc0;

// FIFO control.
constexpr std::uint8_t kFifoEnable = 1;
constexpr std::uint8_t kFifoClearReceived = 2;

// Line control.
constexpr std::uint8_t kShowDivisor = 0x80;

// Modem control.
constexpr std::uint8_t kModemBits = 0x1f;
constexpr std::uint8_t kTerminalReady = 1;
constexpr std::uint8_t kRequestToSend = 2;
constexpr std::uint8_t kOutput1 = 4;
constexpr std::uint8_t kOutput2 = 8;
constexpr std::uint8_t kLoop = 0x10;

// Line status.
constexpr std::uint8_t kDataReady = 1;
constexpr std::uint8_t kOverrun = 2;
constexpr std::uint8_t kHoldingEmpty = 0x20;
constexpr std::uint8_t kAllSent = 0x40;

// Modem status.
constexpr std::uint8_t kClearToSend = 0x10;
constexpr std::uint8_t kDataSetReady = 0x20;
constexpr std::uint8_t kRing = 0x40;
constexpr std::uint8_t kCarrier = 0x80;

}  // namespace

Serial::Serial(LineSink& interrupts, std::uint32_t line, std::function<void()> wake)
    : interrupts_(interrupts), line_(line), wake_(std::move(wake)) {}

std::size_t Serial::take_output(std::span<std::byte> into) {
  const std::lock_guard lock(mutex_);
  const Bytes pending = output_.pending();
  const std::size_t count = std::min(pending.size(), into.size());
  const bool was_full = !can_transmit();
  std::ranges::copy(pending.first(count), into.begin());
  output_.consume(count);
  if (count > 0) output_expected_ = false;
  if (was_full && can_transmit()) {
    transmitter_empty_interrupt_ = true;
    update_line();
  }
  return count;
}

bool Serial::expect_output() {
  const std::lock_guard lock(mutex_);
  output_expected_ = true;
  return !output_.empty();
}

std::size_t Serial::type(Bytes keys) {
  const std::lock_guard lock(mutex_);
  if (loops_back()) return 0;
  const std::size_t count = std::min(keys.size(), receive_size() - std::min(received_count_, receive_size()));
  for (const std::byte key : keys.first(count)) receive(key);
  if (count > 0) update_line();
  return count;
}

std::uint8_t Serial::read_register(std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  switch (offset) {
    case kData:
      return divisor_shown() ? divisor_low_ : read_received();
    case kInterruptEnable:
      return divisor_shown() ? divisor_high_ : interrupt_enable_;
    case kIdentification:
      return read_identification();
    case kLineControl:
      return line_control_;
    case kModemControl:
      return modem_control_;
    case kLineStatus:
      return line_status();
    case kModemStatus:
      return modem_status();
    case kScratch:
      return scratch_;
    default:
      return 0xff;
  }
}

void Serial::write_register(std::uint64_t offset, std::uint8_t value) {
  const std::lock_guard lock(mutex_);
  switch (offset) {
    case kData:
      if (divisor_shown())
        divisor_low_ = value;
      else
        transmit(value);
      break;
    case kInterruptEnable:
      if (divisor_shown())
        divisor_high_ = value;
      else
        set_interrupt_enable(value);
      break;
    case kIdentification:
      set_fifo_control(value);
      break;
    case kLineControl:
      line_control_ = value;
      break;
    case kModemControl:
      modem_control_ = value & kModemBits;
      wake_();  // what was typed may have waited for the end of a loop
      break;
    case kScratch:
      scratch_ = value;
      break;
    default:
      break;
  }
}

bool Serial::loops_back() const {
  return (modem_control_ & kLoop) != 0;
}

bool Serial::divisor_shown() const {
  return (line_control_ & kShowDivisor) != 0;
}

std::uint8_t Serial::pending_interrupt() const {
  if (overrun_ && (interrupt_enable_ & kEnableLineStatus) != 0) return kLineStatusChanged;
  if (received_count_ > 0 && (interrupt_enable_ & kEnableReceived) != 0) return kReceived;
  if (transmitter_empty_interrupt_ && (interrupt_enable_ & kEnableTransmitterEmpty) != 0)
    return kTransmitterEmpty;
  return kNothingPending;
}

std::uint8_t Serial::read_received() {
  if (received_count_ == 0) return 0;
  const auto value = std::to_integer<std::uint8_t>(received_[received_first_]);
  received_first_ = (received_first_ + 1) % kFifoSize;
  if (--received_count_ == 0) wake_();  // there may be more to type
  update_line();
  return value;
}

std::uint8_t Serial::read_identification() {
  const std::uint8_t pending = pending_interrupt();
  if (pending == kTransmitterEmpty) {
    transmitter_empty_interrupt_ = false;  // to be told once is enough
    update_line();
  }
  return pending | (fifo_on_ ? kFifosOn : 0);
}

std::uint8_t Serial::line_status() {
  std::uint8_t status = received_count_ > 0 ? kDataReady : 0;
  if (can_transmit()) status |= kHoldingEmpty | kAllSent;
  if (std::exchange(overrun_, false)) {
    status |= kOverrun;
    update_line();
  }
  return status;
}

std::uint8_t Serial::modem_status() const {
  // Somebody is always at the other end.
  if (!loops_back()) return kClearToSend | kDataSetReady | kCarrier;
  std::uint8_t status = 0;
  if ((modem_control_ & kRequestToSend) != 0) status |= kClearToSend;
  if ((modem_control_ & kTerminalReady) != 0) status |= kDataSetReady;
  if ((modem_control_ & kOutput1) != 0) status |= kRing;
  if ((modem_control_ & kOutput2) != 0) status |= kCarrier;
  return status;
}

void Serial::transmit(std::uint8_t value) {
  const std::byte byte{value};
  if (loops_back()) {
    receive(byte);
  } else {
    output_.append(std::span(&byte, 1));
    if (std::exchange(output_expected_, false) || output_.pending().size() == kOutputSize / 2) wake_();
  }
  // It is sent as soon as it is written, unless the user is slow.
  transmitter_empty_interrupt_ = can_transmit();
  update_line();
}

void Serial::set_interrupt_enable(std::uint8_t value) {
  const bool asks_anew = (value & ~interrupt_enable_ & kEnableTransmitterEmpty) != 0;
  interrupt_enable_ = value & kEnableAll;
  if (asks_anew && can_transmit()) transmitter_empty_interrupt_ = true;
  update_line();
}

void Serial::set_fifo_control(std::uint8_t value) {
  const bool on = (value & kFifoEnable) != 0;
  if ((on != fifo_on_ || (value & kFifoClearReceived) != 0) && std::exchange(received_count_, 0) > 0) wake_();
  fifo_on_ = on;
  update_line();
}

void Serial::receive(std::byte value) {
  if (received_count_ >= receive_size()) {
    overrun_ = true;
    return;
  }
  received_[(received_first_ + received_count_++) % kFifoSize] = value;
}

void Serial::update_line() {
  const bool high = pending_interrupt() != kNothingPending;
  if (std::exchange(line_high_, high) != high) interrupts_.set_line(line_, high);
}

}  // namespace pvh::kvm
