#include "pvh/virtio/console.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pvh::virtio {

std::size_t Console::take_output(std::span<std::byte> into) {
  const std::lock_guard lock(mutex_);
  const Bytes pending = output_.pending();
  const std::size_t count = std::min(pending.size(), into.size());
  std::ranges::copy(pending.first(count), into.begin());
  const bool was_full = output_.room() == 0;
  output_.consume(count);
  if (was_full && count > 0) changed_.signal();
  return count;
}

std::size_t Console::type(Bytes keys) {
  const std::lock_guard lock(mutex_);
  const std::size_t count = input_.append(keys);
  if (count > 0) changed_.signal();
  return count;
}

void Console::start(Driver& driver) {
  driver_ = &driver;
  holds_chain_ = false;
  unsent_.clear();
}

void Console::prepare(system::Waits& waits) {
  waits.on(changed_.descriptor(), POLLIN);
}

void Console::serve(system::Ready) {
  // Cleared before we look: what comes after that wakes us again.
  changed_.clear();
  Queue* const to_guest = driver_->queue(kToGuest);
  Queue* const from_guest = driver_->queue(kFromGuest);
  if (to_guest != nullptr && !give_input(*to_guest)) return driver_->broken();
  if (from_guest != nullptr && !take_from_guest(*from_guest)) return driver_->broken();
  driver_->publish(kToGuest);
  driver_->publish(kFromGuest);
}

bool Console::give_input(Queue& queue) {
  bool consumed = false;
  for (unsigned given = 0; given < kMostChains; ++given) {
    std::array<std::byte, kInputSize> keys;
    std::size_t count = 0;
    {
      const std::lock_guard lock(mutex_);
      count = input_.pending().size();
      std::ranges::copy(input_.pending(), keys.begin());
    }
    // Without input nobody has to tell us of buffers for it.
    if (count == 0) {
      queue.disable_notifications();
      break;
    }
    const Queue::Next next = queue.pop(chain_);
    if (next == Queue::Next::kBroken) return false;
    if (next == Queue::Next::kEmpty) {
      if (queue.enable_notifications()) continue;
      break;
    }
    const std::size_t written = chain_.writable.write(Bytes(keys).first(count));
    queue.push(chain_.head, static_cast<std::uint32_t>(written));
    const std::lock_guard lock(mutex_);
    input_.consume(written);
    consumed = true;
    if (given + 1 == kMostChains) driver_->again();
  }
  if (consumed) wake_();
  return true;
}

bool Console::take_from_guest(Queue& queue) {
  queue.disable_notifications();
  for (unsigned taken = 0; taken < kMostChains; ++taken) {
    if (!holds_chain_) {
      const Queue::Next next = queue.pop(chain_);
      if (next == Queue::Next::kBroken) return false;
      if (next == Queue::Next::kEmpty) {
        if (queue.enable_notifications()) continue;
        return true;
      }
      holds_chain_ = true;
      unsent_head_ = chain_.head;
      std::swap(unsent_, chain_.readable);
    }
    // Who takes the output wakes us.
    if (!pass_unsent_on()) return true;
    queue.push(unsent_head_, 0);
    holds_chain_ = false;
  }
  driver_->again();
  return true;
}

bool Console::pass_unsent_on() {
  std::array<std::byte, 4096> bytes;
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = output_.empty();
    while (!unsent_.empty() && output_.room() > 0) {
      const std::size_t count = unsent_.read(std::span(bytes).first(std::min(bytes.size(), output_.room())));
      output_.append(Bytes(bytes).first(count));
      unsent_.drop_front(count);
    }
  }
  if (was_empty) wake_();
  return unsent_.empty();
}

}  // namespace pvh::virtio
