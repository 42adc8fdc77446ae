// The guest's RAM as this process sees it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/base/file_view.hpp"
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

/// Guest memory, fresh from `allocate`, that is being loaded. What is a file's is mapped where page alignment
/// allows, not copied: pages come when the guest touches them, are its own once it writes to them, and until
/// then are shared by all guests of that file. A page that the file has only in part is copied.
class LoadingMemory final : public boot::GuestMemory {
 public:
  LoadingMemory(const kvm::GuestMemory& memory, std::span<const FileView> files)
      : pieces_(memory.pieces()), copied_({pieces_.begin(), pieces_.end()}), files_(files) {}

  [[nodiscard]] bool write(GuestAddress at, Bytes bytes) override;
  [[nodiscard]] bool zero(const GuestRange& range) override { return copied_.zero(range); }

 private:
  [[nodiscard]] std::size_t map_pages(GuestAddress at, Bytes bytes);

  std::span<const boot::MemoryPiece> pieces_;
  boot::SpanMemory copied_;
  std::span<const FileView> files_;
  bool lost_ = false;  ///< the host took memory away and gave none
};

}  // namespace pvh::kvm
