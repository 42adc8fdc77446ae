#include "pvh/virtio/stream_port.hpp"

#include <arpa/inet.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pvh::virtio {

namespace {

constexpr std::size_t kLengthSize = sizeof(std::uint32_t);
constexpr std::size_t kMost = kLargestFrame - kNetHeaderSize;
/// Some frames with one call, and always a whole one.
constexpr std::size_t kReceived = 2 * (kLengthSize + kMost);
/// In a frame's header: its checksums are known to be right.
constexpr std::byte kDataValid{2};

/// Copies to `into` from its byte `offset` on, as much as there is room for.
void scatter(std::span<const iovec> into, std::size_t offset, Bytes from) {
  for (const iovec& piece : into) {
    if (offset >= piece.iov_len) {
      offset -= piece.iov_len;
      continue;
    }
    const std::size_t count = std::min(piece.iov_len - offset, from.size());
    std::memcpy(static_cast<std::byte*>(piece.iov_base) + offset, from.data(), count);
    from = from.subspan(count);
    offset = 0;
    if (from.empty()) return;
  }
}

/// Forgets the first `count` bytes.
void drop_front(std::vector<iovec>& pieces, std::size_t count) {
  auto first = pieces.begin();
  while (first != pieces.end() && count >= first->iov_len) count -= (first++)->iov_len;
  pieces.erase(pieces.begin(), first);
  if (count == 0 || pieces.empty()) return;
  pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + count;
  pieces.front().iov_len -= count;
}

bool comes_later() {
  return errno == EAGAIN || errno == EINTR;
}

bool is_gone() {
  return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN;
}

}  // namespace

StreamPort::StreamPort(UniqueFd stream, std::optional<backend::Passt> program)
    : program_(std::move(program)),
      stream_(std::move(stream)),
      received_(std::make_unique_for_overwrite<std::byte[]>(kReceived)) {}

void StreamPort::accept(std::uint64_t features) {
  guest_trusts_ = (features & kNetGuestChecksum) != 0;
  // A driver before this one may have reset the card while a frame was on its way.
  owed_ += std::exchange(unsent_, 0);
}

std::vector<int> StreamPort::descriptors() const {
  std::vector<int> all = program_ ? program_->descriptors() : std::vector<int>();
  all.push_back(stream_.get());
  return all;
}

std::optional<std::size_t> StreamPort::waiting_length() const {
  if (end_ - begin_ < kLengthSize) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, received_.get() + begin_, sizeof length);
  return ntohl(length);
}

NetPort::Got StreamPort::fill() {
  // What is left of the last time moves to the front: less than a frame.
  std::memmove(received_.get(), received_.get() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  const ssize_t got = ::read(stream_.get(), received_.get() + end_, kReceived - end_);
  if (got < 0 && comes_later()) return Got::kNothing;
  if (got <= 0) return Got::kGone;
  end_ += static_cast<std::size_t>(got);
  return Got::kFrame;
}

NetPort::Received StreamPort::receive(std::span<const iovec> into) {
  for (;;) {
    const auto length = waiting_length();
    // Nobody can say where the next one would begin.
    if (length && *length > kMost) return {Got::kGone};
    if (length && end_ - begin_ - kLengthSize >= *length) {
      std::array<std::byte, kNetHeaderSize> header{};
      if (guest_trusts_) header[0] = kDataValid;
      scatter(into, 0, header);
      scatter(into, header.size(), Bytes(received_.get() + begin_ + kLengthSize, *length));
      begin_ += kLengthSize + *length;
      return {Got::kFrame, header.size() + *length};
    }
    if (const Got got = fill(); got != Got::kFrame) return {got};
  }
}

bool StreamPort::write(std::size_t& left) {
  const ssize_t sent = ::writev(stream_.get(), pieces_.data(), static_cast<int>(pieces_.size()));
  // To one that is gone everything can be sent; `receive` tells of it. Whatever else is wrong may pass.
  if (sent < 0 && !is_gone()) return false;
  left -= sent < 0 ? left : static_cast<std::size_t>(sent);
  return left == 0;
}

bool StreamPort::complete_cut_frame() {
  if (owed_ == 0) return true;
  // In one piece: Debian 12's passt loses step where a frame's rest comes in several.
  static std::array<std::byte, kLengthSize + kMost> zeros{};
  pieces_.assign(1, {.iov_base = zeros.data(), .iov_len = owed_});
  return write(owed_);
}

bool StreamPort::send(const Buffers& frame) {
  if (!complete_cut_frame()) return false;
  const std::size_t size = frame.size() - kNetHeaderSize;
  std::uint32_t length = htonl(static_cast<std::uint32_t>(size));
  pieces_.assign(frame.pieces().begin(), frame.pieces().end());
  drop_front(pieces_, kNetHeaderSize);
  pieces_.emplace_back();
  std::ranges::rotate(pieces_, pieces_.end() - 1);
  pieces_[0] = {.iov_base = &length, .iov_len = kLengthSize};
  // Linux takes of a large frame what finds room in the socket. Then this is the rest.
  const std::size_t whole = kLengthSize + size;
  if (unsent_ > 0) drop_front(pieces_, whole - unsent_);
  if (unsent_ == 0) unsent_ = whole;
  const bool done = write(unsent_);
  if (unsent_ == whole) unsent_ = 0;
  return done;
}

std::string StreamPort::reason() {
  return program_ ? program_->reason() : "its other end is gone";
}

}  // namespace pvh::virtio
