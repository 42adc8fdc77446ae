#include "pvh/boot/load.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace pvh::boot {

namespace {

/// Calls `act(host bytes, offset in range)` for each stretch of `size` bytes from `at`; false where one is
/// not memory.
template <class Act>
bool for_each_stretch(std::span<const MemoryPiece> pieces, GuestAddress at, std::uint64_t size, Act act) {
  for (std::uint64_t done = 0; done < size;) {
    const GuestAddress here{at.value() + done};
    const auto piece = std::ranges::find_if(pieces, [&](const MemoryPiece& p) {
      return p.range.contains(here) && here.value() - p.range.start().value() < p.host.size();
    });
    if (piece == pieces.end()) return false;
    const std::size_t offset = here.value() - piece->range.start().value();
    const std::uint64_t room = std::min<std::uint64_t>(piece->host.size(), piece->range.size()) - offset;
    const std::size_t length = std::min(size - done, room);
    act(piece->host.subspan(offset, length), done);
    done += length;
  }
  return true;
}

bool is_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Writes what of `bytes` is not zero, page by page, into memory that is zero.
bool write_sparsely(GuestMemory& memory, GuestAddress at, Bytes bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t page_end = align_down(at.value() + done, kPageSize) + kPageSize;
    const std::size_t length = std::min<std::uint64_t>(bytes.size() - done, page_end - (at.value() + done));
    const Bytes piece = bytes.subspan(done, length);
    if (!is_zero(piece) && !memory.write(GuestAddress{at.value() + done}, piece)) return false;
    done += length;
  }
  return true;
}

bool load_region(const Region& region, GuestMemory& memory, Before before) {
  const Bytes bytes = region.content.bytes;
  // The files' bytes are copied as they are: to look for zeros in them would cost a second reading.
  const bool made = region.content.origin == Origin::kMade;
  const bool written = before == Before::kZeros && made
                           ? write_sparsely(memory, region.range.start(), bytes)
                           : bytes.empty() || memory.write(region.range.start(), bytes);
  if (!written) return false;
  if (before == Before::kZeros) return true;

  const GuestAddress rest{region.range.start().value() + bytes.size()};
  const auto zeros = GuestRange::from_ends(rest, region.range.end());
  return !zeros || memory.zero(*zeros);
}

}  // namespace

SpanMemory::SpanMemory(std::span<std::byte> memory) {
  if (const auto range = GuestRange::from_size(GuestAddress{0}, memory.size()))
    pieces_.push_back({.range = *range, .host = memory});
}

bool SpanMemory::write(GuestAddress at, Bytes bytes) {
  return for_each_stretch(pieces_, at, bytes.size(), [&](std::span<std::byte> host, std::size_t offset) {
    std::memcpy(host.data(), bytes.data() + offset, host.size());
  });
}

bool SpanMemory::zero(const GuestRange& range) {
  return for_each_stretch(pieces_, range.start(), range.size(), [](std::span<std::byte> host, std::size_t) {
    std::memset(host.data(), 0, host.size());
  });
}

Result<void> load(const BootPlan& plan, GuestMemory& memory, Before before) {
  for (const Region& region : plan.regions) {
    if (load_region(region, memory, before)) continue;
    return std::unexpected(Error{.what = Fault::kRegionNotMemory,
                                 .clause = Clause::kPlace1,
                                 .thing = Thing{.name = region.name, .range = region.range, .size = {}}});
  }
  return {};
}

}  // namespace pvh::boot
