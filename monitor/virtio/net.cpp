#include "pvh/virtio/net.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pvh::virtio {

namespace {

constexpr std::uint16_t kLinkUp = 1;

// The configuration: MAC, status, pairs of queues (which we do not offer to tell), MTU.
constexpr std::size_t kStatusAt = 6;
constexpr std::size_t kMtuAt = 10;
constexpr std::size_t kConfigSize = 12;

}  // namespace

void NetCard::read_config(std::uint64_t offset, std::span<std::byte> out) {
  std::array<std::byte, kConfigSize> config{};
  const std::uint16_t status = plugged_ ? kLinkUp : 0;
  std::memcpy(config.data(), options_.mac.data(), options_.mac.size());
  std::memcpy(config.data() + kStatusAt, &status, sizeof status);
  std::memcpy(config.data() + kMtuAt, &mtu_, sizeof mtu_);
  if (offset >= config.size()) return;
  const std::size_t count = std::min<std::uint64_t>(out.size(), config.size() - offset);
  std::memcpy(out.data(), config.data() + offset, count);
}

void NetCard::unplug(Driver& driver, const std::string& reason) {
  if (!std::exchange(plugged_, false)) return;
  options_.report(Error{.what = Fault::kNetGone, .subject = options_.name, .found = reason});
  driver.config_changed();
}

Net::Net(std::unique_ptr<NetPort> port, Options options)
    : NetCard(std::move(options), port->mtu()),
      port_(std::move(port)),
      spare_(std::make_unique_for_overwrite<std::byte[]>(kLargestFrame)) {}

std::uint64_t Net::features() const {
  return kCommonFeatures | kCardFeatures | port_->features() | (port_->mtu() != 0 ? kNetMtu : 0);
}

void Net::start(Driver& driver) {
  driver_ = &driver;
  mergeable_ = (driver.features() & kNetMergeable) != 0;
  port_->accept(driver.features());
}

void Net::stop() {
  driver_ = nullptr;
  rooms_.clear();
  room_.clear();
  spare_size_ = 0;
  holds_unsent_ = false;
}

void Net::prepare(system::Waits& waits) {
  if (!plugged()) return;
  short events = 0;
  // A frame that waits for room waits for the guest, and those behind it too.
  if (spare_size_ == 0 && driver_->queue(kToGuest) != nullptr) events |= POLLIN;
  if (holds_unsent_) events |= POLLOUT;
  // One that waits for nothing would be told of errors without end.
  waits.on(events != 0 ? port_->descriptor() : -1, events);
}

void Net::serve(system::Ready) {
  Queue* const to_guest = driver_->queue(kToGuest);
  Queue* const from_guest = driver_->queue(kFromGuest);
  if (from_guest != nullptr && !send_frames(*from_guest)) return driver_->broken();
  if (to_guest != nullptr && !receive_frames(*to_guest)) return driver_->broken();
  driver_->publish(kToGuest);
  driver_->publish(kFromGuest);
}

bool Net::send_frames(Queue& queue) {
  constexpr std::size_t kSmallestFrame = kNetHeaderSize + ETHER_HDR_LEN;
  queue.disable_notifications();
  for (unsigned sent = 0; sent < kMostFrames; ++sent) {
    if (!holds_unsent_) {
      const Queue::Next next = queue.pop(unsent_);
      if (next == Queue::Next::kBroken) return false;
      if (next == Queue::Next::kEmpty) {
        if (queue.enable_notifications()) continue;
        return true;
      }
      holds_unsent_ = true;
    }
    const std::uint64_t size = unsent_.readable.size();
    const bool is_frame = size >= kSmallestFrame && size <= kLargestFrame && plugged();
    if (is_frame && !port_->send(unsent_.readable)) return true;
    queue.push(unsent_.head, 0);
    holds_unsent_ = false;
  }
  driver_->again();
  return true;
}

bool Net::receive_frames(Queue& queue) {
  queue.disable_notifications();
  for (unsigned received = 0; received < kMostFrames; ++received) {
    if (!gather(queue)) return false;
    if (spare_size_ == 0) {
      if (!plugged()) return true;
      const bool direct = room_.size() >= kLargestFrame;
      const iovec spare{.iov_base = spare_.get(), .iov_len = kLargestFrame};
      const auto [got, size] = port_->receive(direct ? room_.pieces() : std::span(&spare, 1));
      if (got == NetPort::Got::kGone) unplug(*driver_, port_->reason());
      if (got != NetPort::Got::kFrame) return true;
      if (size < kNetHeaderSize) continue;
      if (direct) {
        hand_over(queue, size);
        continue;
      }
      spare_size_ = size;
    }
    if (room_.size() >= spare_size_) {
      room_.write(Bytes(spare_.get(), spare_size_));
      hand_over(queue, std::exchange(spare_size_, 0));
    } else if (!can_gather_more(queue)) {
      // All the room that this driver gives is too small for it.
      spare_size_ = 0;
    } else if (!queue.enable_notifications()) {
      return true;
    }
  }
  driver_->again();
  return true;
}

bool Net::can_gather_more(const Queue& queue) const {
  if (!mergeable_) return rooms_.empty();
  return rooms_.size() < queue.size() && room_.pieces().size() <= kMostPieces;
}

bool Net::gather(Queue& queue) {
  while (room_.size() < kLargestFrame && can_gather_more(queue)) {
    const Queue::Next next = queue.pop(chain_);
    if (next == Queue::Next::kBroken) return false;
    if (next == Queue::Next::kEmpty) return true;
    for (const iovec& piece : chain_.writable.pieces())
      room_.append({static_cast<std::byte*>(piece.iov_base), piece.iov_len});
    rooms_.push_back({.head = chain_.head, .size = chain_.writable.size()});
  }
  return true;
}

void Net::hand_over(Queue& queue, std::uint64_t size) {
  std::uint16_t count = 0;
  std::uint64_t covered = 0;
  while (covered < size) covered += rooms_[count++].size;
  room_.write(std::as_bytes(std::span(&count, 1)), kNetHeaderBuffers);
  room_.drop_front(covered);
  for (; count > 0; --count) {
    const Room& room = rooms_.front();
    const std::uint64_t written = std::min(room.size, size);
    queue.push(room.head, static_cast<std::uint32_t>(written));
    size -= written;
    rooms_.pop_front();
  }
}

}  // namespace pvh::virtio
