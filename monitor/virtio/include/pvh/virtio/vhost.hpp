// Queues that the host's kernel serves (vhost).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pvh/base/unique_fd.hpp"
#include "pvh/engine/event.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

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
  /// Where the guest's notifications of a queue go.
  [[nodiscard]] int notification_descriptor(unsigned queue) const { return notified_[queue].descriptor(); }

  /// Tells the kernel of the guest's memory and of the driver's queues, from the first on. Whoever calls it
  /// then has them served. False where the kernel refused or the driver made not all of them.
  [[nodiscard]] bool prepare(Driver& driver);
  /// Buffers may be there already that nobody told the kernel of.
  void notify() const;

  /// Readable once the kernel met a queue that is broken.
  [[nodiscard]] int error_descriptor() const { return error_.descriptor(); }
  void clear_error() const { error_.clear(); }

 private:
  [[nodiscard]] bool set_memory(const GuestMemory& memory) const;
  [[nodiscard]] bool set_queue(Driver& driver, unsigned index) const;

  UniqueFd device_;
  std::vector<engine::Event> notified_;
  engine::Event error_;
  std::uint64_t features_ = 0;
  bool valid_ = false;
};

}  // namespace pvh::virtio
