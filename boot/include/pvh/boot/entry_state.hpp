// The state of the first CPU at the kernel's entry (CPU-1 to CPU-6).
#pragma once

#include <cstdint>

#include "pvh/base/address.hpp"

namespace pvh::boot {

/// A segment register with what the CPU caches behind it.
struct SegmentState {
  std::uint16_t selector;
  std::uint32_t base;
  std::uint32_t limit;       ///< of the last byte
  std::uint16_t attributes;  ///< as in a VMCB/VMX access-rights word: type 0-3, S 4, DPL 5-6, P 7, AVL 12, L
                             ///< 13, D/B 14, G 15
};

struct EntryState {
  std::uint32_t eip;     ///< the kernel's entry
  std::uint32_t ebx;     ///< start info (CPU-1)
  std::uint32_t eflags;  ///< CPU-5
  std::uint32_t cr0;     ///< CPU-2
  std::uint32_t cr4;
  SegmentState cs;    ///< CPU-3
  SegmentState data;  ///< ds, es, ss
  SegmentState tr;    ///< CPU-4
};

/// The one state that the contract allows, for this entry and start info. Selectors, which it leaves open,
/// are 8, 16 and 24.
[[nodiscard]] EntryState entry_state(GuestAddress entry, GuestAddress start_info);

}  // namespace pvh::boot
