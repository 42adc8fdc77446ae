// The ways in which a guest ends a run: sleep control, reset register, reset port and panic port; and the
// generic event device beside them.
#pragma once

#include <functional>

#include "bus.hpp"
#include "pvh/run/outcome.hpp"

namespace pvh::kvm {

/// What a device calls when the guest has asked for its end.
using EndRequest = std::function<void(run::Ending)>;

/// Four registers of a byte: the lower half of PM1 control, which is nothing, sleep control (its upper half),
/// sleep status and reset.
class PowerRegisters final : public ByteDevice {
 public:
  static constexpr std::uint64_t kSize = 4;

  explicit PowerRegisters(EndRequest end) : end_(std::move(end)) {}

 protected:
  [[nodiscard]] std::uint8_t read_register(std::uint64_t offset) override;
  void write_register(std::uint64_t offset, std::uint8_t value) override;

 private:
  EndRequest end_;
};

/// The event selector: which events there were since it was read last. There are none yet.
class EventDevice final : public ByteDevice {
 public:
  static constexpr std::uint64_t kSize = 4;

 protected:
  [[nodiscard]] std::uint8_t read_register(std::uint64_t) override { return 0; }
  void write_register(std::uint64_t, std::uint8_t) override {}
};

/// The keyboard controller's command port, of which there is only what resets a PC. It reads as ones: no
/// controller is here.
class ResetPort final : public ByteDevice {
 public:
  static constexpr std::uint16_t kPort = 0x64;
  static constexpr std::uint8_t kReset = 0xfe;

  explicit ResetPort(EndRequest end) : end_(std::move(end)) {}

 protected:
  [[nodiscard]] std::uint8_t read_register(std::uint64_t) override { return 0xff; }
  void write_register(std::uint64_t offset, std::uint8_t value) override;

 private:
  EndRequest end_;
};

class PanicPort final : public ByteDevice {
 public:
  static constexpr std::uint64_t kSize = 1;

  explicit PanicPort(EndRequest end) : end_(std::move(end)) {}

 protected:
  /// Which events are understood.
  [[nodiscard]] std::uint8_t read_register(std::uint64_t offset) override;
  void write_register(std::uint64_t offset, std::uint8_t value) override;

 private:
  EndRequest end_;
};

}  // namespace pvh::kvm
