#include "pvh/virtio/entropy.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>

namespace pvh::virtio {

void Entropy::prepare(system::Waits& waits) {
  if (host_is_empty_) waits.until(Clock::now() + kPatience);
}

void Entropy::serve(system::Ready) {
  Queue* const queue = driver_->queue(0);
  if (queue == nullptr) return;
  host_is_empty_ = false;
  std::array<std::byte, kMostBytes> bytes;
  queue->disable_notifications();
  for (unsigned served = 0; served < kMostRequests; ++served) {
    const Queue::Next next = queue->pop(chain_);
    if (next == Queue::Next::kBroken) return driver_->broken();
    if (next == Queue::Next::kEmpty) {
      if (queue->enable_notifications()) continue;
      return driver_->publish(0);
    }
    const std::size_t wanted = std::min<std::uint64_t>(bytes.size(), chain_.writable.size());
    const ssize_t got = ::getrandom(bytes.data(), wanted, GRND_NONBLOCK);
    if (got < 0) {
      queue->unpop();
      host_is_empty_ = true;
      return driver_->publish(0);
    }
    const std::size_t written = chain_.writable.write(Bytes(bytes).first(static_cast<std::size_t>(got)));
    queue->push(chain_.head, static_cast<std::uint32_t>(written));
  }
  driver_->publish(0);
  driver_->again();
}

}  // namespace pvh::virtio
