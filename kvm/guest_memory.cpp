#include "guest_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pvh::kvm {

Result<GuestMemory> GuestMemory::allocate(std::span<const board::Backing> backing) {
  GuestMemory memory;
  for (const board::Backing& piece : backing) {
    // Not reserved: a guest may be larger than the host's memory as long as it does not use it.
    void* start = ::mmap(nullptr, piece.range.size(), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
      return std::unexpected(Error{.what = Fault::kNoGuestMemory,
                                   .found = std::string(std::strerror(errno)),
                                   .wanted = Size{piece.range.size()}});
    memory.pieces_.push_back(
        {.range = piece.range, .host = {static_cast<std::byte*>(start), piece.range.size()}});
  }
  return memory;
}

GuestMemory::~GuestMemory() {
  for (const boot::MemoryPiece& piece : pieces_) ::munmap(piece.host.data(), piece.host.size());
}

Bytes GuestMemory::read(GuestAddress at, std::size_t most) const {
  for (const boot::MemoryPiece& piece : pieces_) {
    if (!piece.range.contains(at)) continue;
    const std::size_t offset = at.value() - piece.range.start().value();
    return piece.host.subspan(offset, std::min(most, piece.host.size() - offset));
  }
  return {};
}

}  // namespace pvh::kvm
