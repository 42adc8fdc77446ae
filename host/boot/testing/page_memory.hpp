// Guest memory of any size that costs only the pages that are written.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "pvh/boot/load.hpp"

namespace pvh::boot::testing {

class PageMemory final : public GuestMemory {
 public:
  explicit PageMemory(std::vector<board::Backing> backing) : backing_(std::move(backing)) {}

  [[nodiscard]] bool write(GuestAddress at, Bytes bytes) override {
    if (bytes.empty()) return true;
    if (!is_memory(*GuestRange::from_size(at, bytes.size()))) return false;
    while (!bytes.empty()) {
      const std::size_t offset = at.value() % kPageSize;
      const std::size_t length = std::min<std::size_t>(bytes.size(), kPageSize - offset);
      std::memcpy(pages_[at.value() / kPageSize].data() + offset, bytes.data(), length);
      bytes = bytes.subspan(length);
      at = GuestAddress{at.value() + length};
    }
    return true;
  }

  [[nodiscard]] bool zero(const GuestRange& range) override {
    if (!is_memory(range)) return false;
    for (std::uint64_t i = 0; i < range.size(); ++i) {
      const std::uint64_t address = range.start().value() + i;
      const auto page = pages_.find(address / kPageSize);
      if (page != pages_.end()) page->second[address % kPageSize] = std::byte{0};
    }
    return true;
  }

  /// Whether `bytes` lie at `at`.
  [[nodiscard]] bool holds(std::uint64_t at, Bytes bytes) const {
    static constexpr std::array<std::byte, kPageSize> kZeros{};
    while (!bytes.empty()) {
      const std::size_t offset = at % kPageSize;
      const std::size_t length = std::min<std::size_t>(bytes.size(), kPageSize - offset);
      const auto page = pages_.find(at / kPageSize);
      const auto& held = page == pages_.end() ? kZeros : page->second;
      if (std::memcmp(held.data() + offset, bytes.data(), length) != 0) return false;
      bytes = bytes.subspan(length);
      at += length;
    }
    return true;
  }

  [[nodiscard]] std::byte byte(std::uint64_t address) const {
    const auto page = pages_.find(address / kPageSize);
    return page == pages_.end() ? std::byte{0} : page->second[address % kPageSize];
  }

  [[nodiscard]] std::size_t pages() const { return pages_.size(); }

 private:
  [[nodiscard]] bool is_memory(const GuestRange& range) const {
    return std::ranges::any_of(backing_, [&](const board::Backing& b) { return b.range.contains(range); });
  }

  std::vector<board::Backing> backing_;
  std::unordered_map<std::uint64_t, std::array<std::byte, kPageSize>> pages_;
};

}  // namespace pvh::boot::testing
