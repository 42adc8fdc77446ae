#include "rom.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"

// Labels of rom.S.
extern "C" {
extern const std::byte pvh_rom_tail[];
extern const std::byte pvh_rom_tail_end[];
extern const std::byte pvh_rom_gdt[];
extern const std::byte pvh_rom_cr0[];
extern const std::byte pvh_rom_cr4[];
extern const std::byte pvh_rom_eflags[];
extern const std::byte pvh_rom_ebx[];
extern const std::byte pvh_rom_open[];
extern const std::byte pvh_rom_code_selector[];
extern const std::byte pvh_rom_data_selector[];
extern const std::byte pvh_rom_tr_selector[];
extern const std::byte pvh_rom_entry[];
extern const std::byte pvh_rom_entry_selector[];
}

namespace pvh::qemu {

namespace {

constexpr std::size_t kRomSize = 64 * kKiB;

/// How far `label` lies behind the first: both come from one section of rom.S.
std::size_t offset_of(const std::byte* label) {
  return reinterpret_cast<std::uintptr_t>(label) - reinterpret_cast<std::uintptr_t>(pvh_rom_tail);
}

/// ltr takes a TSS that is available (type 9), and makes it busy (11).
boot::SegmentState before_ltr(boot::SegmentState tr) {
  constexpr std::uint16_t kBusy = 2;
  tr.attributes = static_cast<std::uint16_t>(tr.attributes & ~kBusy);
  return tr;
}

class Tail {
 public:
  explicit Tail(std::span<std::byte> bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  void put(const std::byte* label, T value, std::size_t further = 0) {
    std::vector<std::byte> little_endian;
    append_le(little_endian, value);
    std::ranges::copy(little_endian, bytes_.subspan(offset_of(label) + further, sizeof(T)).begin());
  }

  void put_descriptor(const boot::SegmentState& segment) {
    constexpr std::size_t kIndexMask = 0x38;  // the GDT has eight places
    put(pvh_rom_gdt, boot::descriptor(segment), segment.selector & kIndexMask);
  }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> rom(const boot::EntryState& state) {
  const std::size_t tail_size = offset_of(pvh_rom_tail_end);
  std::vector<std::byte> image(kRomSize);
  const auto tail_bytes = std::span(image).last(tail_size);
  std::memcpy(tail_bytes.data(), pvh_rom_tail, tail_size);

  Tail tail(tail_bytes);
  tail.put_descriptor(state.cs);
  tail.put_descriptor(state.data);
  tail.put_descriptor(before_ltr(state.tr));
  tail.put(pvh_rom_cr0, state.cr0);
  tail.put(pvh_rom_cr4, state.cr4);
  tail.put(pvh_rom_eflags, state.eflags);
  tail.put(pvh_rom_ebx, state.ebx);
  const boot::OpenRegisters& open = state.open;
  std::size_t further = 0;
  for (const std::uint32_t value : {open.eax, open.ecx, open.edx, open.esp, open.ebp, open.esi, open.edi}) {
    tail.put(pvh_rom_open, value, further);
    further += sizeof value;
  }
  tail.put(pvh_rom_code_selector, state.cs.selector);
  tail.put(pvh_rom_data_selector, state.data.selector);
  tail.put(pvh_rom_tr_selector, state.tr.selector);
  tail.put(pvh_rom_entry, state.eip);
  tail.put(pvh_rom_entry_selector, state.cs.selector);
  return image;
}

}  // namespace pvh::qemu
