// The files that hold a kernel inside: Linux's bzImage, and the unified kernel image (a PE file of named
// sections).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh::image {

/// A bzImage of setup protocol 2.08 or later. Views into the file.
struct BzImage {
  std::uint16_t protocol;  ///< 0x020f is 2.15
  Bytes payload;           ///< the compressed ELF, and its unpacked size in the last 4 bytes
  std::uint64_t payload_offset;
  std::string_view version;  ///< what the header calls the kernel version; empty where it has none
};
[[nodiscard]] Parsed<BzImage> read_bzimage(Bytes file);

/// A PE file with a section .linux. Views into the file; absent sections are absent.
struct UnifiedImage {
  Bytes kernel;  ///< .linux
  std::uint64_t kernel_offset;
  std::optional<Bytes> initrd;                   ///< .initrd
  std::optional<std::string_view> command_line;  ///< .cmdline, without trailing NULs and newlines
  std::optional<std::string_view> release;       ///< .uname
  std::optional<std::string_view> os_release;    ///< .osrel
};
[[nodiscard]] Parsed<UnifiedImage> read_unified_image(Bytes file);

}  // namespace pvh::image
