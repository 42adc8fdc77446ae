// What is known of a kept ELF file: one value of the store each. Private to cache/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/cache/kernels.hpp"
#include "pvh/system/file_state.hpp"

namespace pvh::cache {

struct Entry {
  system::FileState source;
  std::uint64_t offset = 0;       ///< of the packed bytes in it
  std::uint64_t length = 0;       ///< of the packed bytes
  std::uint64_t fingerprint = 0;  ///< of their first and last bytes
  system::FileState stored;       ///< of the ELF file
  std::uint32_t number = 0;       ///< tells files of one size apart
  std::uint64_t boot = 0;         ///< of the host that wrote it, as `boot_number` tells it
  bool on_disk = false;           ///< the ELF file was flushed since it was written
  Label label;

  bool operator==(const Entry&) const = default;
};

/// Files of one size, at most: more are not kept.
inline constexpr std::uint32_t kMostOfOneSize = 16;

inline constexpr std::string_view kElfPrefix = "elf-";
inline constexpr std::string_view kKernelKeyPrefix = "kernel-";

[[nodiscard]] std::string elf_name(std::uint64_t size, std::uint32_t number);
[[nodiscard]] std::string key_of(const system::FileState& source, std::uint64_t offset);
[[nodiscard]] std::uint64_t fingerprint_of(Bytes packed);

/// Nothing where it would be too long for a value.
[[nodiscard]] std::optional<std::vector<std::byte>> write_entry(const Entry& entry);
/// Nothing where the bytes are no entry, whole and with nothing behind it.
[[nodiscard]] std::optional<Entry> read_entry(Bytes bytes);

/// How far an ELF file that looks as it did may be believed to be on the disk as it was written.
enum class Trust : std::uint8_t {
  kNo,          ///< the machine may have gone down before it was
  kYes,         ///< it was flushed, or has not left this boot's memory
  kWhenOnDisk,  ///< yes, and by now flushing it costs next to nothing, so that the next boot can use it too
};

/// Another one after each start of the host; 0 where it does not tell.
[[nodiscard]] std::uint64_t boot_number();
/// At `now`, in boot number `boot`: not by a clock, which may be set while nobody looks.
[[nodiscard]] Trust trust_in(const Entry& entry, std::uint64_t now, std::uint64_t boot);

/// A value with the header that its file begins with: whether the rest is what was kept under `key`.
[[nodiscard]] std::vector<std::byte> with_header(std::string_view key, Bytes value);
[[nodiscard]] std::optional<Bytes> without_header(std::string_view key, Bytes file);

}  // namespace pvh::cache
