#include "x86/io_apic.hpp"

#include <cstring>

#include "pvh/board/board.hpp"

namespace pvh::kvm {

namespace {

// The window's registers.
constexpr std::uint64_t kSelect = 0x00;
constexpr std::uint64_t kWindow = 0x10;
constexpr std::uint64_t kEndOfInterrupt = 0x40;

// What the window shows.
constexpr std::uint8_t kIdentity = 0;
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kArbitration = 2;
constexpr std::uint8_t kFirstEntry = 0x10;
constexpr std::uint32_t kVersionValue = 0x20U | (IoApic::kPins - 1) << 16U;
constexpr std::uint32_t kIdentityBits = 0x0f000000;

// A redirection entry.
constexpr std::uint64_t kVectorBits = 0xff;
constexpr std::uint64_t kLogical = std::uint64_t{1} << 11U;
constexpr std::uint64_t kSent = std::uint64_t{1} << 12U;
constexpr std::uint64_t kAccepted = std::uint64_t{1} << 14U;  // level: a CPU has it, and has not ended it
constexpr std::uint64_t kLevel = std::uint64_t{1} << 15U;
constexpr std::uint64_t kMasked = std::uint64_t{1} << 16U;
constexpr std::uint64_t kReadOnly = kSent | kAccepted;
constexpr unsigned kDestinationShift = 56;

std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

Message message_of(std::uint64_t entry) {
  constexpr std::uint32_t kLocalApics = 0xfee00000;
  const auto destination = static_cast<std::uint32_t>(entry >> kDestinationShift);
  const std::uint32_t logical = (entry & kLogical) != 0 ? 1U << 2U : 0;
  constexpr std::uint64_t kVectorAndMode = 0x7ff;
  constexpr std::uint64_t kAsserted = std::uint64_t{1} << 14U;
  return {.address = kLocalApics | destination << 12U | logical,
          .data = low((entry & (kVectorAndMode | kLevel)) | kAsserted)};
}

bool uses_level(std::uint64_t entry) {
  return (entry & kLevel) != 0 && (entry & kMasked) == 0;
}

}  // namespace

void IoApic::read(std::uint64_t offset, std::span<std::byte> out) {
  if (out.size() != sizeof(std::uint32_t)) return;
  std::uint32_t value = 0;
  {
    const std::lock_guard lock(mutex_);
    if (offset == kSelect)
      value = selected_;
    else if (offset == kWindow)
      value = read_selected();
    else
      return;
  }
  std::memcpy(out.data(), &value, sizeof value);
}

void IoApic::write(std::uint64_t offset, Bytes in) {
  const auto value = read_le<std::uint32_t>(in, 0);
  // The selector has eight bits, and some write just those.
  if (!value && (offset != kSelect || in.empty())) return;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    if (offset == kSelect) selected_ = std::to_integer<std::uint8_t>(in[0]);
    if (offset == kWindow) changed = write_selected(value.value_or(0));
  }
  if (offset == kEndOfInterrupt) end_of_interrupt(static_cast<std::uint8_t>(value.value_or(0)));
  if (changed) routes_changed_();
}

std::uint32_t IoApic::read_selected() const {
  if (selected_ == kIdentity || selected_ == kArbitration) return id_;
  if (selected_ == kVersion) return kVersionValue;
  const std::size_t pin = (selected_ - kFirstEntry) / 2U;
  if (selected_ < kFirstEntry || pin >= kPins) return 0xffffffff;
  const std::uint64_t entry = pins_[pin].entry;
  return selected_ % 2 != 0 ? low(entry >> 32U) : low(entry);
}

bool IoApic::write_selected(std::uint32_t value) {
  if (selected_ == kIdentity) id_ = value & kIdentityBits;
  const std::size_t number = (selected_ - kFirstEntry) / 2U;
  if (selected_ < kFirstEntry || number >= kPins) return false;
  Pin& pin = pins_[number];
  constexpr std::uint64_t kLowHalf = 0xffffffff;
  if (selected_ % 2 != 0) return set_entry(pin, (pin.entry & kLowHalf) | std::uint64_t{value} << 32U);
  return set_entry(pin,
                   (pin.entry & ~kLowHalf & ~kReadOnly) | (value & ~kReadOnly) | (pin.entry & kReadOnly));
}

bool IoApic::set_entry(Pin& pin, std::uint64_t entry) {
  const std::uint64_t before = pin.entry;
  pin.entry = entry;
  // Edge-triggered, it has nothing that a CPU could still be busy with.
  if ((entry & kLevel) == 0) pin.entry &= ~kAccepted;
  serve(pin);
  const bool routed = uses_level(before) || uses_level(pin.entry);
  return routed && (before & ~kReadOnly) != (pin.entry & ~kReadOnly);
}

void IoApic::serve(Pin& pin) {
  if ((pin.entry & kMasked) != 0) return;
  if ((pin.entry & kLevel) != 0) {
    if (!pin.high || (pin.entry & kAccepted) != 0) return;
    pin.entry |= kAccepted;
  } else {
    if (!pin.edge_seen) return;
    pin.edge_seen = false;
  }
  sink_.deliver(message_of(pin.entry));
}

void IoApic::set_line(std::uint32_t number, bool high) {
  const std::lock_guard lock(mutex_);
  if (number >= kPins) return;
  Pin& pin = pins_[number];
  if (high && !pin.high && (pin.entry & kLevel) == 0) pin.edge_seen = true;
  pin.high = high;
  serve(pin);
}

void IoApic::end_of_interrupt(std::uint8_t vector) {
  const std::lock_guard lock(mutex_);
  for (Pin& pin : pins_) {
    if ((pin.entry & kLevel) == 0 || (pin.entry & kVectorBits) != vector) continue;
    pin.entry &= ~kAccepted;
    serve(pin);
  }
}

void IoApic::append_routes(std::uint32_t first_line, std::vector<Route>& out) {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; i < kPins; ++i)
    if (uses_level(pins_[i].entry)) out.push_back({first_line + i, message_of(pins_[i].entry)});
}

IoApics::IoApics(MessageSink& sink) : sink_(sink), first_(0, sink), second_(1, sink) {
  first_.on_route_change([this] { route(); });
  second_.on_route_change([this] { route(); });
}

void IoApics::attach(Bus& memory) {
  memory.attach(board::kIoApicAddress.value(), IoApic::kWindowSize, first_);
  memory.attach(board::kSecondIoApicAddress.value(), IoApic::kWindowSize, second_);
}

void IoApics::set_line(std::uint32_t line, bool high) {
  if (line < board::kSecondIoApicBase)
    first_.set_line(line, high);
  else
    second_.set_line(line - board::kSecondIoApicBase, high);
}

void IoApics::end_of_interrupt(std::uint8_t vector) {
  first_.end_of_interrupt(vector);
  second_.end_of_interrupt(vector);
}

void IoApics::route() {
  // One at a time, so that the last to come hands on what is true then.
  const std::lock_guard lock(routing_);
  std::vector<Route> routes;
  first_.append_routes(0, routes);
  second_.append_routes(board::kSecondIoApicBase, routes);
  sink_.route(routes);
  routed_(routes);
}

}  // namespace pvh::kvm
