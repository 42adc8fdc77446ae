// The types of other memory maps. This ABI's are a name space of their own (HDR-4), so every conversion is
// spelled out, and total: what the other side has no word for becomes reserved.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pvh/guest/memory_map.hpp"

namespace pvh::guest {

//   this ABI        e820           EFI                       multiboot2
//   RAM             1              7 conventional            1 available
//   RESERVED        2              0 reserved                2 reserved
//   ACPI            3              9 ACPI reclaim            3 ACPI reclaim
//   NVS             4              10 ACPI NVS               4 NVS
//   UNUSABLE        5              8 unusable                5 bad
//   DISABLED        6              8 unusable                2 reserved
//   PMEM            7              14 persistent             2 reserved
//   any other       2              0 reserved                2 reserved
//
// And back, beyond the same rows read from the right: e820's 12 (persistent memory of old firmware) is PMEM;
// EFI's loader (1, 2) and boot services (3, 4) ranges are RAM, as after ExitBootServices; runtime services
// (5, 6), I/O (11, 12), PAL (13) and unaccepted memory (15) are reserved.
[[nodiscard]] uint32_t to_e820(uint32_t type);
[[nodiscard]] uint32_t from_e820(uint32_t e820_type);
[[nodiscard]] uint32_t to_efi(uint32_t type);
[[nodiscard]] uint32_t from_efi(uint32_t efi_type);
[[nodiscard]] uint32_t to_multiboot2(uint32_t type);
[[nodiscard]] uint32_t from_multiboot2(uint32_t multiboot_type);

inline constexpr size_t kE820EntrySize = 20;        ///< packed: address, size, type
inline constexpr size_t kMultiboot2EntrySize = 24;  ///< address, size, type, zero

/// Whole entries as they lie in memory, little-endian, at any alignment.
void write_e820(const MapRange& range, unsigned char (&out)[kE820EntrySize]);
[[nodiscard]] MapEntry read_e820(const unsigned char (&in)[kE820EntrySize]);
void write_multiboot2(const MapRange& range, unsigned char (&out)[kMultiboot2EntrySize]);
[[nodiscard]] MapEntry read_multiboot2(const unsigned char (&in)[kMultiboot2EntrySize]);

}  // namespace pvh::guest
