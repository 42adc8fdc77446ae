// Writes a plan into guest memory. Makes no decisions: what lies where was the plan's to say.
#pragma once

#include <span>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::boot {

/// A piece of guest memory and where the host sees it.
struct MemoryPiece {
  GuestRange range;
  std::span<std::byte> host;  ///< as long as `range`
};

/// What the guest's memory holds before it is loaded.
enum class Before : std::uint8_t {
  kZeros,     ///< fresh: bytes that shall be zero are left alone, so sparse memory stays sparse
  kAnything,  ///< every byte of every region is written
};

/// Guest memory in several pieces. A caller with another kind of memory derives from this.
class GuestMemory {
 public:
  virtual ~GuestMemory() = default;
  /// Copies `bytes` to guest address `at`; false where any of it is not memory.
  [[nodiscard]] virtual bool write(GuestAddress at, Bytes bytes) = 0;
  /// Makes `range` zero; false where any of it is not memory.
  [[nodiscard]] virtual bool zero(const GuestRange& range) = 0;
};

/// Guest memory that the host sees as spans, in any order; a write may cross from one to its neighbour.
class SpanMemory final : public GuestMemory {
 public:
  explicit SpanMemory(std::vector<MemoryPiece> pieces) : pieces_(std::move(pieces)) {}
  /// One piece, from guest address 0.
  explicit SpanMemory(std::span<std::byte> memory);
  [[nodiscard]] bool write(GuestAddress at, Bytes bytes) override;
  [[nodiscard]] bool zero(const GuestRange& range) override;

 private:
  std::vector<MemoryPiece> pieces_;
};

/// Writes every region of `plan`. Fails where one is not memory, by its name.
[[nodiscard]] Result<void> load(const BootPlan& plan, GuestMemory& memory, Before before);

}  // namespace pvh::boot
