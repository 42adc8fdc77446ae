#include "guest_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>

#include "early/early.hpp"

namespace pvh::kvm {

namespace {

/// What is smaller is copied sooner than mapped.
constexpr std::size_t kWorthMapping = 16 * kPageSize;

/// Where the first of `bytes` lies in `file`; nothing where they are not its.
std::optional<std::size_t> offset_in(const FileView& file, Bytes bytes) {
  const std::less<const std::byte*> before;
  if (before(bytes.data(), file.bytes.data())) return std::nullopt;
  const std::size_t offset = static_cast<std::size_t>(bytes.data() - file.bytes.data());
  if (offset > file.bytes.size() || bytes.size() > file.bytes.size() - offset) return std::nullopt;
  return offset;
}

}  // namespace

Result<GuestMemory> GuestMemory::allocate(std::span<const board::Backing> backing) {
  GuestMemory memory;
  if (const auto begun = early::take_memory(backing); !begun.empty()) {
    memory.pieces_.push_back({.range = backing[0].range, .host = begun});
    return memory;
  }
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

bool LoadingMemory::write(GuestAddress at, Bytes bytes) {
  // To the first page's start, as many whole pages as can be mapped, and the rest.
  const std::uint64_t page_start = align_up(at.value(), kPageSize).value_or(at.value());
  const std::size_t head = std::min<std::uint64_t>(page_start - at.value(), bytes.size());
  if (!copied_.write(at, bytes.first(head))) return false;
  const std::size_t mapped = map_pages(GuestAddress{at.value() + head}, bytes.subspan(head));
  if (lost_) return false;
  return copied_.write(GuestAddress{at.value() + head + mapped}, bytes.subspan(head + mapped));
}

std::size_t LoadingMemory::map_pages(GuestAddress at, Bytes bytes) {
  const std::size_t size = align_down(bytes.size(), kPageSize);
  if (size < kWorthMapping) return 0;
  const auto range = GuestRange::from_size(at, size);
  const auto piece = std::ranges::find_if(
      pieces_, [&](const boot::MemoryPiece& p) { return range && p.range.contains(*range); });
  if (piece == pieces_.end()) return 0;
  for (const FileView& file : files_) {
    const auto offset = offset_in(file, bytes);
    if (!offset || *offset % kPageSize != 0) continue;
    std::byte* const place = piece->host.data() + (at.value() - piece->range.start().value());
    const void* const there =
        ::mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file.descriptor,
               static_cast<off_t>(*offset));
    if (there == place) return size;
    // A copy will do. What was there may be gone already.
    const void* const again = ::mmap(place, size, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (again != place) lost_ = true;
    return 0;
  }
  return 0;
}

}  // namespace pvh::kvm
