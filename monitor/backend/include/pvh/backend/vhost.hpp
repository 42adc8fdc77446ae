// Queues that the host's kernel serves (vhost).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pvh/backend/shared_queue.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/system/event.hpp"

namespace pvh::backend {

/// One of the kernel's devices (/dev/vhost-*). All but what its queues are connected to is the same for all.
class Vhost {
 public:
  /// Takes the open device for this process; `valid` says whether it could.
  Vhost(UniqueFd device, unsigned queues);

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] int descriptor() const { return device_.get(); }
  [[nodiscard]] std::vector<int> descriptors() const;
  /// Of rings and of this kind of device.
  [[nodiscard]] std::uint64_t features() const { return features_; }
  [[nodiscard]] unsigned queue_count() const { return static_cast<unsigned>(notified_.size()); }
  /// Where the guest's notifications of a queue go.
  [[nodiscard]] int notification_descriptor(unsigned queue) const { return notified_[queue].descriptor(); }

  /// Tells the kernel of the accepted features, of guest memory, of the first `queue_count` queues, and of
  /// the eventfd that interrupts the guest. The caller then has them served. False where the kernel refused.
  [[nodiscard]] bool configure(std::uint64_t features, std::span<const RamPiece> memory,
                               std::span<const QueuePlace> queues, int interrupt);
  /// Buffers may be there already that nobody told the kernel of.
  void notify() const;

  /// Readable once the kernel met a queue that is broken.
  [[nodiscard]] int error_descriptor() const { return error_.descriptor(); }
  void clear_error() const { error_.clear(); }

 private:
  [[nodiscard]] bool set_memory(std::span<const RamPiece> memory) const;
  [[nodiscard]] bool set_queue(unsigned index, const QueuePlace& queue, std::span<const RamPiece> memory,
                               int interrupt) const;

  UniqueFd device_;
  std::vector<system::Event> notified_;
  system::Event error_;
  std::uint64_t features_ = 0;
  bool valid_ = false;
};

}  // namespace pvh::backend
