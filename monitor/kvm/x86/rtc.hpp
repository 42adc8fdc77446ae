// The real-time clock (MC146818) as far as kernels ask: the host's time of day, UTC, and memory.
#pragma once

#include <array>
#include <ctime>
#include <functional>
#include <mutex>

#include "bus.hpp"

namespace pvh::kvm {

/// Two ports: which register, and the register. It cannot be set, and rings no alarm: its clock is the
/// host's.
class Rtc final : public ByteDevice {
 public:
  static constexpr std::uint64_t kSize = 2;

  explicit Rtc(std::function<std::time_t()> now = [] { return std::time(nullptr); });

 protected:
  [[nodiscard]] std::uint8_t read_register(std::uint64_t offset) override;
  void write_register(std::uint64_t offset, std::uint8_t value) override;

 private:
  [[nodiscard]] std::uint8_t read_selected() const;
  [[nodiscard]] std::uint8_t in_format(int value) const;
  [[nodiscard]] std::uint8_t hour(int value) const;

  std::function<std::time_t()> now_;
  std::mutex mutex_;
  std::array<std::uint8_t, 128> memory_{};
  std::uint8_t selected_ = 0;
};

}  // namespace pvh::kvm
