// What a server of a device's queues is told of them: the host's kernel (vhost), or another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pvh/base/address.hpp"

namespace pvh::backend {

/// A piece of guest RAM and where this process sees it.
struct RamPiece {
  GuestRange range;
  std::span<std::byte> host;  ///< as long as `range`
};

/// Where a queue lies, in guest-physical addresses, as the driver wrote it: nothing of it is checked yet.
struct QueuePlace {
  std::uint32_t size = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t available = 0;
  std::uint64_t used = 0;
};

}  // namespace pvh::backend
