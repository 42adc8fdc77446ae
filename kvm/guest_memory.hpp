// The guest's RAM as this process sees it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/boot/load.hpp"
#include "pvh/boot/plan.hpp"

namespace pvh::kvm {

/// One sparse mapping for each piece of a plan's backing: costs the host what the guest has touched.
class GuestMemory {
 public:
  [[nodiscard]] static Result<GuestMemory> allocate(std::span<const board::Backing> backing);
  GuestMemory(GuestMemory&&) noexcept = default;
  GuestMemory& operator=(GuestMemory&&) = delete;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;
  ~GuestMemory();

  [[nodiscard]] std::span<const boot::MemoryPiece> pieces() const { return pieces_; }
  /// As many bytes from `at` on as there is memory, at most `most`.
  [[nodiscard]] Bytes read(GuestAddress at, std::size_t most) const;

 private:
  GuestMemory() = default;

  std::vector<boot::MemoryPiece> pieces_;
};

}  // namespace pvh::kvm
