// Builds PE files of named sections in memory for tests: unified kernel images, sound ones and others.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image_testing {

struct PeSection {
  std::string name;
  Octets bytes = {};
  std::optional<std::uint32_t> virtual_size = {};  ///< as long as `bytes`
  std::optional<std::uint32_t> claimed_offset = {};
  std::optional<std::uint32_t> claimed_raw_size = {};  ///< `bytes` padded to 512
};

class PeBuilder {
 public:
  static constexpr std::uint32_t kPeOffset = 0x80;
  static constexpr std::uint32_t kOptionalSize = 240;

  PeBuilder& section(PeSection section) {
    sections_.push_back(std::move(section));
    return *this;
  }
  PeBuilder& section(std::string name, Octets bytes) {
    return section(PeSection{.name = std::move(name), .bytes = std::move(bytes)});
  }
  PeBuilder& text(std::string name, std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return section(std::move(name), Octets(bytes.begin(), bytes.end()));
  }
  PeBuilder& machine(std::uint16_t value) {
    machine_ = value;
    return *this;
  }
  PeBuilder& claimed_count(std::uint16_t value) {
    claimed_count_ = value;
    return *this;
  }

  /// Where section header `index` lies in what `build` gives.
  [[nodiscard]] static std::uint64_t section_header(std::uint64_t index) {
    return kPeOffset + 24 + kOptionalSize + index * 40;
  }

  [[nodiscard]] Octets build() const {
    Octets out(aligned(section_header(sections_.size())));
    std::ranges::copy(as_bytes("MZ"), out.begin());
    put(out, 0x3c, kPeOffset);
    std::ranges::copy(as_bytes("PE"), out.begin() + kPeOffset);
    put(out, kPeOffset + 4, machine_);
    put(out, kPeOffset + 6, claimed_count_.value_or(static_cast<std::uint16_t>(sections_.size())));
    put(out, kPeOffset + 20, static_cast<std::uint16_t>(kOptionalSize));
    for (std::size_t i = 0; i < sections_.size(); ++i) append(out, section_header(i), sections_[i]);
    return out;
  }

 private:
  [[nodiscard]] static std::uint64_t aligned(std::uint64_t size) { return (size + 511) / 512 * 512; }

  static void append(Octets& out, std::uint64_t header, const PeSection& section) {
    const std::uint64_t offset = out.size();
    out.insert(out.end(), section.bytes.begin(), section.bytes.end());
    out.resize(aligned(out.size()));
    std::ranges::copy(as_bytes(section.name), out.begin() + static_cast<std::ptrdiff_t>(header));
    put(out, header + 8, section.virtual_size.value_or(static_cast<std::uint32_t>(section.bytes.size())));
    put(out, header + 16, section.claimed_raw_size.value_or(static_cast<std::uint32_t>(out.size() - offset)));
    put(out, header + 20, section.claimed_offset.value_or(static_cast<std::uint32_t>(offset)));
  }

  std::vector<PeSection> sections_;
  std::uint16_t machine_ = 0x8664;
  std::optional<std::uint16_t> claimed_count_;
};

}  // namespace pvh::image_testing
