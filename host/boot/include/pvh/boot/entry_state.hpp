// The state of the first CPU at the kernel's entry (CPU-1 to CPU-6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

/// What the contract leaves open (CPU-6). Zero unless a test wants otherwise: any other values would become
/// something that kernels rely on.
struct OpenRegisters {
  std::uint32_t eax = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  std::uint32_t esp = 0;
  std::uint32_t ebp = 0;
  std::uint32_t esi = 0;
  std::uint32_t edi = 0;
  bool operator==(const OpenRegisters&) const = default;
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
  OpenRegisters open = {};
};

/// The one state that the contract allows, for this entry and start info. Selectors, which it leaves open,
/// are 8, 16 and 24.
[[nodiscard]] EntryState entry_state(GuestAddress entry, GuestAddress start_info);

/// The descriptor from which a CPU makes this segment (Intel SDM volume 3, 3.4.5).
[[nodiscard]] std::uint64_t descriptor(const SegmentState& segment);

/// A descriptor table in which the selectors of `state`, below 64, name its segments. The
/// contract promises a guest none (CPU-6); but one that looks for it, or loads a segment register again, then
/// finds what it has.
[[nodiscard]] std::vector<std::byte> descriptor_table(const EntryState& state);

}  // namespace pvh::boot
