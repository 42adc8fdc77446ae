// An ELF file that has been found bootable by the direct boot contract: the only way to one is
// `kernel_image`.
#pragma once

#include <optional>

#include "pvh/image/elf.hpp"

namespace pvh::image {

/// Where a kernel says that it can be placed instead of at its linked address (note 19, NOTE-6).
struct RelocationLimits {
  std::uint64_t alignment;  ///< of the start; a power of two
  std::uint64_t min;        ///< lowest start
  std::uint64_t max;        ///< highest address of the last byte
  bool operator==(const RelocationLimits&) const = default;
};

struct KernelImage {
  ElfFile elf;
  GuestAddress entry;               ///< inside a segment, below 4 GiB (NOTE-2); moves with the image
  std::uint64_t entry_note_offset;  ///< where note 18 lies in the file
  GuestRange extent;  ///< from the lowest byte of the lowest segment to the last of the highest, bss included
  std::optional<RelocationLimits> relocation;
};

/// Finds the entry and the relocation limits, or says by which clause the file cannot be booted.
[[nodiscard]] Result<KernelImage> kernel_image(ElfFile elf);

}  // namespace pvh::image
