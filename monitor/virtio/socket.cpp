#include "pvh/virtio/socket.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pvh/backend/vhost_calls.hpp"
#include "pvh/backend/vsock.hpp"
#include "pvh/virtio/vhost_queues.hpp"

namespace pvh::virtio {

namespace {

constexpr std::uint64_t kSequencedPackets = std::uint64_t{1} << 1U;

}  // namespace

Result<std::unique_ptr<Socket>> Socket::create(UniqueFd end, std::uint32_t cid) {
  backend::Vhost vhost(std::move(end), kServedQueues);
  if (!vhost.valid()) return std::unexpected(backend::vsock_error(errno));
  return std::make_unique<Socket>(std::move(vhost), cid);
}

std::uint64_t Socket::features() const {
  return vhost_.features() & (kCommonFeatures | kSequencedPackets);
}

void Socket::read_config(std::uint64_t offset, std::span<std::byte> out) {
  const std::uint64_t cid = cid_;
  const Bytes config = std::as_bytes(std::span(&cid, 1));
  if (offset >= config.size()) return;
  const std::size_t count = std::min<std::uint64_t>(out.size(), config.size() - offset);
  std::memcpy(out.data(), config.data() + offset, count);
}

bool Socket::set_running(bool running) const {
  const int value = running ? 1 : 0;
  return ::ioctl(vhost_.descriptor(), VHOST_VSOCK_SET_RUNNING, &value) == 0;
}

void Socket::start(Driver& driver) {
  driver_ = &driver;
  if (!hand_over_queues(vhost_, driver) || !set_running(true)) return driver.broken();
  vhost_.notify();
}

void Socket::stop() {
  (void)set_running(false);
  driver_ = nullptr;
}

void Socket::pause() {
  (void)set_running(false);
}

void Socket::resume() {
  if (!set_running(true)) driver_->broken();
}

void Socket::prepare(system::Waits& waits) {
  waits.on(vhost_.error_descriptor(), POLLIN);
}

void Socket::serve(system::Ready ready) {
  if (ready.empty() || ready[0].revents == 0) return;
  vhost_.clear_error();
  driver_->broken();
}

}  // namespace pvh::virtio
