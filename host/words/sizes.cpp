#include "pvh/words/sizes.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "pvh/base/address.hpp"

namespace pvh::words {

std::string format_size(std::uint64_t bytes) {
  if (bytes < kKiB) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  constexpr std::array<std::pair<std::uint64_t, const char*>, 4> kUnits{
      {{kTiB, "TiB"}, {kGiB, "GiB"}, {kMiB, "MiB"}, {kKiB, "KiB"}}};
  for (const auto& [unit, name] : kUnits) {
    if (bytes < unit) continue;
    if (bytes % unit == 0) return fmt::format("{} {}", bytes / unit, name);
    // 1025 KiB is better than 1.0 MiB.
    if (const std::uint64_t below = unit / kKiB; bytes % below == 0 && bytes / below < 10'000) continue;
    std::uint64_t whole = bytes / unit;
    std::uint64_t tenths = ((bytes % unit) * 10 + unit / 2) / unit;
    if (tenths == 10) {
      ++whole;
      tenths = 0;
    }
    return fmt::format("{}.{} {}", whole, tenths, name);
  }
  return fmt::format("{} bytes", bytes);
}

std::string memory_argument(std::uint64_t bytes) {
  const std::uint64_t mebibytes = bytes / kMiB + (bytes % kMiB != 0 ? 1 : 0);
  if (mebibytes % 1024 == 0) return fmt::format("{}G", mebibytes / 1024);
  return fmt::format("{}M", mebibytes);
}

}  // namespace pvh::words
