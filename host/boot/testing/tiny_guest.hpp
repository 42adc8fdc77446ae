// Guests of a few instructions, for tests: 32-bit machine code, put together in the test itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/board/board.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::boot::testing {

inline constexpr GuestAddress kEntry{0x100000};
inline constexpr GuestAddress kStartInfo{0x9000};

/// Machine code, instruction by instruction.
class Code {
 public:
  Code& bytes(std::initializer_list<int> values) {
    for (const int value : values) code_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  Code& number(std::uint32_t value) {
    append_le(code_, value);
    return *this;
  }

  /// Waits until the serial line takes another byte. Leaves its data port in dx.
  Code& wait_for_line() {
    bytes({0x66, 0xba, 0xfd, 0x03});         // mov dx, 0x3fd
    bytes({0xec, 0xa8, 0x20, 0x74, 0xfb});   // again: in al, dx; test al, 0x20; jz again
    return bytes({0x66, 0xba, 0xf8, 0x03});  // mov dx, 0x3f8
  }
  Code& print(std::string_view text) {
    for (const char character : text)
      wait_for_line().bytes({0xb0, character, 0xee});  // mov al, c; out dx, al
    return *this;
  }
  Code& store(GuestAddress at, std::uint8_t value) {  // mov byte [at], value
    return bytes({0xc6, 0x05}).number(static_cast<std::uint32_t>(at.value())).bytes({value});
  }
  Code& store32(std::uint32_t at, std::uint32_t value) {  // mov dword [at], value
    return bytes({0xc7, 0x05}).number(at).number(value);
  }
  Code& power_off() { return store(board::kSleepControl, 0x20 | board::kSleepTypeOff << 2).spin(); }
  Code& reset() { return store(board::kResetRegister, board::kResetValue).spin(); }
  Code& undefined() { return bytes({0x0f, 0x0b}); }  // ud2: without an IDT a triple fault
  Code& spin() { return bytes({0xeb, 0xfe}); }

  [[nodiscard]] const std::vector<std::byte>& code() const { return code_; }

 private:
  std::vector<std::byte> code_;
};

inline void put(BootPlan& plan, GuestAddress at, std::vector<std::byte> bytes) {
  plan.made.push_back(std::move(bytes));
  const Bytes view = plan.made.back();
  plan.regions.push_back(
      {.name = "test",
       .range = GuestRange::from_size(at, view.size()).value(),
       .content = {.origin = Origin::kMade, .index = plan.made.size() - 1, .bytes = view}});
}

/// A plan with nothing in it but this code, at its entry.
inline BootPlan plan_of(const Code& code, std::uint64_t memory_size = 16 * kMiB) {
  BootPlan plan;
  plan.start_info = kStartInfo;
  plan.entry = kEntry;
  plan.memory_size = memory_size;
  plan.backing = board::backing(memory_size);
  plan.state = entry_state(kEntry, kStartInfo);
  put(plan, kEntry, code.code());
  return plan;
}

}  // namespace pvh::boot::testing
