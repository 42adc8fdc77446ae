// liblzma's CRC64 in place of its own. That one asks the processor for its features before main, whether or
// not anything is ever unpacked; where CPUID is trapped, as in every virtual machine, this takes 20
// microseconds of each start. A kernel's payload is checked by CRC32; this is for other .xz files.
#include <array>
#include <cstddef>
#include <cstdint>

#include <lzma.h>  // declares it; needs what stands above

namespace {

constexpr std::uint64_t kPolynomial = 0xc96c5795d7870f42;  // of ECMA-182, reflected

constexpr std::array<std::uint64_t, 256> kTable = [] {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t byte = 0; byte < table.size(); ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}();

}  // namespace

extern "C" std::uint64_t lzma_crc64(const std::uint8_t* bytes, std::size_t size, std::uint64_t crc) noexcept {
  crc = ~crc;
  for (std::size_t i = 0; i < size; ++i) crc = kTable[(crc ^ bytes[i]) & 0xffU] ^ (crc >> 8U);
  return ~crc;
}
