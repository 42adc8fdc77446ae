// A start of day in which every clause is kept, and the means to spoil it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pvh/capture/capture.hpp"

namespace pvh::conform::testing {

inline constexpr std::uint64_t kMemory = 128 * kMiB;
inline constexpr std::uint64_t kStartInfo = 0x1000;
inline constexpr std::uint64_t kModuleList = 0x1040;
inline constexpr std::uint64_t kCommandLine = 0x1100;
inline constexpr std::uint64_t kModuleCommandLine = 0x1180;
inline constexpr std::uint64_t kMap = 0x1200;
inline constexpr std::uint64_t kRsdp = 0xe0000;
inline constexpr std::uint64_t kRoot = 0xe0040;
inline constexpr std::uint64_t kGdt = 0x6000;
inline constexpr std::uint64_t kImage = 0x100000;
inline constexpr std::uint64_t kEntry = 0x100100;
inline constexpr std::uint64_t kForeignEntry = 0x100008;

/// Two modules, one with a command line; five map entries; ACPI; everything asked for is there.
[[nodiscard]] Capture good_capture();

/// Puts an integer into the capture's memory; what lies there is replaced.
template <class T>
void put(Capture& capture, std::uint64_t at, T value) {
  for (MemoryPiece& piece : capture.memory) {
    if (at < piece.at || at + sizeof(T) > piece.at + piece.bytes.size()) continue;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      piece.bytes[at - piece.at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * i);
  }
}

/// Takes the bytes there out of the capture, and returns them.
std::vector<std::byte> take(Capture& capture, std::uint64_t at, std::uint64_t size);

/// Moves bytes to where nothing is shown yet.
void move(Capture& capture, std::uint64_t from, std::uint64_t to, std::uint64_t size);

}  // namespace pvh::conform::testing
