// A device's queues in the hands of the host's kernel (vhost).
#pragma once

#include "pvh/backend/vhost.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

/// Tells the kernel of the driver's memory and of its first queues, as many as `vhost` serves. False where
/// the kernel refused, or the driver did not set up all of them.
[[nodiscard]] bool hand_over_queues(backend::Vhost& vhost, Driver& driver);

}  // namespace pvh::virtio
