// Builds bzImages in memory for tests, sound ones and others: what a builder is told is written down as it
// is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image_testing {

/// `packed` with the unpacked size appended, as the kernel's build does for all compressions but gzip.
[[nodiscard]] inline Octets with_size(Octets packed, std::uint64_t unpacked_size) {
  append_le(packed, static_cast<std::uint32_t>(unpacked_size));
  return packed;
}

class BzImageBuilder {
 public:
  explicit BzImageBuilder(Octets payload) : payload_(std::move(payload)) {}

  BzImageBuilder& protocol(std::uint16_t value) {
    protocol_ = value;
    return *this;
  }
  /// As the header counts them: without the first, and 0 meaning 4.
  BzImageBuilder& setup_sectors(std::uint8_t value) {
    setup_sectors_ = value;
    return *this;
  }
  BzImageBuilder& version(std::string_view text) {
    version_ = text;
    return *this;
  }
  BzImageBuilder& version_pointer(std::uint16_t value) {
    version_pointer_ = value;
    return *this;
  }
  /// Of the payload, in the protected-mode code.
  BzImageBuilder& payload_offset(std::uint32_t value) {
    payload_offset_ = value;
    return *this;
  }
  BzImageBuilder& claimed_length(std::uint32_t value) {
    claimed_length_ = value;
    return *this;
  }
  /// Begins with "MZ", as with an EFI stub.
  BzImageBuilder& efi_stub() {
    efi_stub_ = true;
    return *this;
  }

  [[nodiscard]] std::uint64_t payload_start() const { return setup_size() + payload_offset_; }

  [[nodiscard]] Octets build() const {
    Octets out(payload_start());
    if (efi_stub_) put(out, 0, std::uint16_t{0x5a4d});
    put(out, 0x1f1, setup_sectors_);
    put(out, 0x1fe, std::uint16_t{0xaa55});
    std::ranges::copy(as_bytes("HdrS"), out.begin() + 0x202);
    put(out, 0x206, protocol_);
    const bool has_version = !version_.empty();
    put(out, 0x20e,
        version_pointer_.value_or(has_version ? std::uint16_t{kVersionAt - 0x200} : std::uint16_t{0}));
    put(out, 0x211, std::uint8_t{1});  // LOADED_HIGH
    put(out, 0x248, payload_offset_);
    put(out, 0x24c, claimed_length_.value_or(static_cast<std::uint32_t>(payload_.size())));
    std::ranges::copy(as_bytes(version_), out.begin() + kVersionAt);
    out.insert(out.end(), payload_.begin(), payload_.end());
    return out;
  }

 private:
  static constexpr std::uint16_t kVersionAt = 0x300;

  [[nodiscard]] std::uint64_t setup_size() const {
    return (std::uint64_t{setup_sectors_ == 0 ? std::uint8_t{4} : setup_sectors_} + 1) * 512;
  }

  Octets payload_;
  std::uint16_t protocol_ = 0x020f;
  std::uint8_t setup_sectors_ = 3;
  std::string version_ = "6.1.0-test (someone@somewhere) #1";
  std::optional<std::uint16_t> version_pointer_;
  std::uint32_t payload_offset_ = 0x123;
  std::optional<std::uint32_t> claimed_length_;
  bool efi_stub_ = false;
};

}  // namespace pvh::image_testing
