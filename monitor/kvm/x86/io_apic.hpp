// The board's I/O APICs: lines of devices in, messages to local APICs out. They are here and not in the
// kernel, whose only one has 24 pins.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "bus.hpp"
#include "interrupts.hpp"

namespace pvh::kvm {

/// Registers as version 0x20 has them: with one to end a level-triggered interrupt by vector.
class IoApic final : public Device, public LineSink {
 public:
  static constexpr std::uint32_t kPins = 24;
  static constexpr std::uint64_t kWindowSize = 0x1000;

  IoApic(std::uint32_t id, MessageSink& sink) : sink_(sink), id_(id << kIdShift) {}

  void read(std::uint64_t offset, std::span<std::byte> out) override;
  void write(std::uint64_t offset, Bytes in) override;
  void set_line(std::uint32_t pin, bool high) override;
  /// A CPU has ended the interrupt with this vector.
  void end_of_interrupt(std::uint8_t vector);

  /// What of this chip's pins is level-triggered and in use; `first_line` is the number of its first.
  void append_routes(std::uint32_t first_line, std::vector<Route>& out);
  /// Called, unlocked, after a change of that.
  void on_route_change(std::function<void()> callback) { routes_changed_ = std::move(callback); }

 private:
  static constexpr unsigned kIdShift = 24;

  struct Pin {
    std::uint64_t entry = std::uint64_t{1} << 16U;  ///< masked
    bool high = false;
    bool edge_seen = false;  ///< while it was masked
  };

  [[nodiscard]] std::uint32_t read_selected() const;
  [[nodiscard]] bool write_selected(std::uint32_t value);
  [[nodiscard]] bool set_entry(Pin& pin, std::uint64_t entry);
  void serve(Pin& pin);

  std::mutex mutex_;
  MessageSink& sink_;
  std::function<void()> routes_changed_ = [] {};
  std::array<Pin, kPins> pins_{};
  std::uint32_t id_;
  std::uint8_t selected_ = 0;
};

/// Both chips, and the numbering of lines across them.
class IoApics final : public LineSink {
 public:
  explicit IoApics(MessageSink& sink);

  /// Attaches both to the bus of memory.
  void attach(Bus& memory);
  void set_line(std::uint32_t line, bool high) override;
  void end_of_interrupt(std::uint8_t vector);
  /// Called, with all level-triggered lines that are in use, after the sink has been told of them.
  void on_routed(std::function<void(std::span<const Route>)> callback) { routed_ = std::move(callback); }

  static constexpr std::uint32_t kLines = 2 * IoApic::kPins;

 private:
  void route();

  MessageSink& sink_;
  IoApic first_;
  IoApic second_;
  std::function<void(std::span<const Route>)> routed_ = [](std::span<const Route>) {};
  std::mutex routing_;
};

}  // namespace pvh::kvm
