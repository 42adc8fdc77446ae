// Where a kernel can lie: at its linked address, or where note 19 lets it (NOTE-6).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/image/kernel_image.hpp"

namespace pvh::boot {

/// "kernel segment 2".
[[nodiscard]] std::string segment_name(std::size_t index);

/// `range`, a part of `kernel`, where the kernel's lowest byte lies at `start`. Nothing where that is no
/// address.
[[nodiscard]] std::optional<GuestRange> moved(const image::KernelImage& kernel, const GuestRange& range,
                                              GuestAddress start);

/// Fails where the request asks of the kernel what its note does not allow (NOTE-6).
[[nodiscard]] Result<void> check_position_request(const Request& request);

/// Fails with what stands in the way of the kernel at `start`: each of its segments lies in RAM below 4 GiB.
/// `map` is the guest's map.
[[nodiscard]] Result<void> check_position(const image::KernelImage& kernel, GuestAddress start,
                                          std::uint64_t memory_size, std::span<const MapEntry> map);

/// Positions at which all of a relocatable kernel's extent fits into one range of RAM: the first, and those
/// that follow it `alignment` bytes apart.
struct Positions {
  GuestAddress first;
  std::uint64_t count;  ///< at least 1
  std::uint64_t alignment;

  [[nodiscard]] GuestAddress at(std::uint64_t i) const { return GuestAddress{first.value() + i * alignment}; }
};

/// Every position that the note's limits and `ram` (sorted, merged) leave, in ascending order; none at
/// address 0.
[[nodiscard]] std::vector<Positions> positions(std::uint64_t size, const image::RelocationLimits& limits,
                                               std::span<const GuestRange> ram);

/// Where to try the kernel, the most wanted position first; few, whatever the memory (docs/decisions.md).
/// Nothing where it fits nowhere.
[[nodiscard]] std::vector<GuestAddress> candidates(const Request& request, std::span<const MapEntry> map);

/// The error of a request without candidates.
[[nodiscard]] Error no_position(const Request& request, std::uint64_t memory_size,
                                std::span<const MapEntry> map);

}  // namespace pvh::boot
