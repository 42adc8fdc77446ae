// The serial line: a 16550A as far as kernels ask, with bounded queues on both sides.
#pragma once

#include <array>
#include <functional>
#include <mutex>

#include "bus.hpp"
#include "interrupts.hpp"
#include "pvh/system/byte_queue.hpp"

namespace pvh::kvm {

/// The guest's side is the Device. A guest that minds the line status never loses a byte, however slow the
/// user is; one that does not loses what has no room, as on a wire.
class Serial final : public ByteDevice {
 public:
  /// `wake` is called, from the guest's threads, when the other side has something to do: there is output, or
  /// the guest has taken its input.
  Serial(LineSink& interrupts, std::uint32_t line, std::function<void()> wake);

  /// The other side: takes up to `into.size()` bytes of the guest's output. Who has taken some is not woken
  /// for more until the queue is half full or `expect_output` asks for it: a guest writes byte by byte, and
  /// to wake somebody for each costs more than the guest's own work.
  [[nodiscard]] std::size_t take_output(std::span<std::byte> into);
  /// The next byte of output wakes again. True where one has come already.
  [[nodiscard]] bool expect_output();
  /// Gives the guest what was typed: as much as it has room for, and says how much.
  [[nodiscard]] std::size_t type(Bytes keys);

 protected:
  [[nodiscard]] std::uint8_t read_register(std::uint64_t offset) override;
  void write_register(std::uint64_t offset, std::uint8_t value) override;

 private:
  static constexpr std::size_t kFifoSize = 16;
  static constexpr std::size_t kOutputSize = 4096;

  [[nodiscard]] bool loops_back() const;
  [[nodiscard]] bool divisor_shown() const;
  /// With FIFOs a driver that is told "empty" sends a FIFO's worth without asking again.
  [[nodiscard]] bool can_transmit() const { return output_.room() >= (fifo_on_ ? kFifoSize : 1); }
  [[nodiscard]] std::size_t receive_size() const { return fifo_on_ ? kFifoSize : 1; }
  [[nodiscard]] std::uint8_t pending_interrupt() const;
  [[nodiscard]] std::uint8_t read_received();
  [[nodiscard]] std::uint8_t read_identification();
  [[nodiscard]] std::uint8_t line_status();
  [[nodiscard]] std::uint8_t modem_status() const;
  void transmit(std::uint8_t value);
  void set_interrupt_enable(std::uint8_t value);
  void set_fifo_control(std::uint8_t value);
  void receive(std::byte value);
  void update_line();

  LineSink& interrupts_;
  std::uint32_t line_;
  std::function<void()> wake_;

  std::mutex mutex_;
  system::ByteQueue output_{kOutputSize};
  std::array<std::byte, kFifoSize> received_{};
  std::size_t received_first_ = 0;
  std::size_t received_count_ = 0;
  bool fifo_on_ = false;
  bool overrun_ = false;
  bool transmitter_empty_interrupt_ = false;  ///< since it became empty nobody has asked why we interrupt
  bool line_high_ = false;
  bool output_expected_ = true;  ///< the first byte wakes
  std::uint8_t interrupt_enable_ = 0;
  std::uint8_t line_control_ = 0;
  std::uint8_t modem_control_ = 0;
  std::uint8_t scratch_ = 0;
  std::uint8_t divisor_low_ = 12;  // 9600
  std::uint8_t divisor_high_ = 0;
};

}  // namespace pvh::kvm
