#include "pvh/virtio/guest_memory.hpp"

#include <algorithm>
#include <cstring>

namespace pvh::virtio {

std::optional<std::span<std::byte>> GuestMemory::find(GuestAddress at, std::uint64_t size) const {
  const auto wanted = GuestRange::from_size(at, size);
  if (!wanted) return std::nullopt;
  for (const RamPiece& piece : pieces_) {
    if (!piece.range.contains(*wanted)) continue;
    return piece.host.subspan(at.value() - piece.range.start().value(), size);
  }
  return std::nullopt;
}

void Buffers::append(std::span<std::byte> piece) {
  if (piece.empty()) return;
  pieces_.push_back({.iov_base = piece.data(), .iov_len = piece.size()});
  size_ += piece.size();
}

std::size_t Buffers::read(std::span<std::byte> into) const {
  std::size_t done = 0;
  for (const iovec& piece : pieces_) {
    const std::size_t count = std::min(piece.iov_len, into.size() - done);
    if (count == 0) break;
    std::memcpy(into.data() + done, piece.iov_base, count);
    done += count;
  }
  return done;
}

std::size_t Buffers::write(Bytes from, std::uint64_t offset) const {
  std::size_t done = 0;
  for (const iovec& piece : pieces_) {
    if (offset >= piece.iov_len) {
      offset -= piece.iov_len;
      continue;
    }
    const std::size_t count = std::min<std::size_t>(piece.iov_len - offset, from.size() - done);
    if (count == 0) break;
    std::memcpy(static_cast<std::byte*>(piece.iov_base) + offset, from.data() + done, count);
    done += count;
    offset = 0;
  }
  return done;
}

void Buffers::drop_front(std::uint64_t count) {
  count = std::min(count, size_);
  size_ -= count;
  auto piece = pieces_.begin();
  for (; piece != pieces_.end() && piece->iov_len <= count; ++piece) count -= piece->iov_len;
  if (count > 0) {
    piece->iov_base = static_cast<std::byte*>(piece->iov_base) + count;
    piece->iov_len -= count;
  }
  pieces_.erase(pieces_.begin(), piece);
}

void Buffers::keep_front(std::uint64_t count) {
  count = std::min(count, size_);
  size_ = count;
  auto piece = pieces_.begin();
  for (; piece != pieces_.end() && piece->iov_len <= count; ++piece) count -= piece->iov_len;
  if (count > 0) {
    piece->iov_len = count;
    ++piece;
  }
  pieces_.erase(piece, pieces_.end());
}

std::span<std::byte> Buffers::take_back(std::size_t count) {
  if (pieces_.empty() || pieces_.back().iov_len < count) return {};
  iovec& last = pieces_.back();
  last.iov_len -= count;
  size_ -= count;
  const std::span taken(static_cast<std::byte*>(last.iov_base) + last.iov_len, count);
  if (last.iov_len == 0) pieces_.pop_back();
  return taken;
}

}  // namespace pvh::virtio
