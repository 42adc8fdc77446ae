// Guest memory in pieces, its checksum, and its digits.
#include <algorithm>
#include <array>

#include "hex.hpp"
#include "pvh/capture/capture.hpp"

namespace pvh::conform {
namespace {

constexpr std::uint32_t kPolynomial = 0xedb88320;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ kPolynomial : value >> 1U;
    table[i] = value;
  }
  return table;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint64_t end_of(const MemoryPiece& piece) {
  return piece.at + piece.bytes.size();
}

/// Writes `bytes` into `piece`, which begins no later; false where they differ in what both have.
bool merge(MemoryPiece& piece, std::uint64_t at, Bytes bytes) {
  const std::uint64_t offset = at - piece.at;
  const std::size_t common = std::min<std::uint64_t>(piece.bytes.size() - offset, bytes.size());
  if (!std::ranges::equal(Bytes(piece.bytes).subspan(offset, common), bytes.first(common))) return false;
  const Bytes rest = bytes.subspan(common);
  piece.bytes.insert(piece.bytes.end(), rest.begin(), rest.end());
  return true;
}

}  // namespace

std::uint32_t crc32(Bytes bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = UINT32_MAX;
  for (const std::byte byte : bytes)
    crc = kTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xffU] ^ crc >> 8U;
  return ~crc;
}

std::string to_hex(Bytes bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    out += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
    out += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
  }
  return out;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return out;
}

bool add_memory(std::vector<MemoryPiece>& pieces, std::uint64_t at, Bytes bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() > UINT64_MAX - at) return false;
  auto next = std::ranges::upper_bound(pieces, at, {}, &MemoryPiece::at);
  auto here = next;
  if (next != pieces.begin() && end_of(*std::prev(next)) >= at) {
    here = std::prev(next);
    if (!merge(*here, at, bytes)) return false;
  } else {
    here = pieces.insert(next, {.at = at, .bytes = {bytes.begin(), bytes.end()}});
  }
  // What follows and is now reached becomes one with it.
  for (next = std::next(here); next != pieces.end() && next->at <= end_of(*here); next = pieces.erase(next)) {
    if (!merge(*here, next->at, next->bytes)) return false;
  }
  return true;
}

}  // namespace pvh::conform
