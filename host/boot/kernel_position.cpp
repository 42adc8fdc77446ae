#include "kernel_position.hpp"

#include <algorithm>
#include <string>

#include "memory_map.hpp"
#include "pvh/start_info.h"
#include "random.hpp"

namespace pvh::boot {

std::string segment_name(std::size_t index) {
  return "kernel segment " + std::to_string(index);
}

namespace {

/// How many positions are tried before a request is refused. Each costs a placement of all the rest.
constexpr int kRandomTries = 16;
constexpr std::size_t kRangesTried = 8;

Error failure(Fault what, Clause clause, Thing thing, Thing obstacle) {
  return {.what = what, .clause = clause, .thing = std::move(thing), .obstacle = std::move(obstacle)};
}

Thing guest_ram(std::uint64_t memory_size) {
  return {.name = "the guest's RAM", .range = {}, .size = memory_size};
}

/// Fails where a byte of `range` is not RAM below 4 GiB, with the first thing that stands there.
Result<void> check_in_ram(const std::string& name, const GuestRange& range, std::uint64_t memory_size,
                          std::span<const MapEntry> map) {
  const Thing thing{.name = name, .range = range, .size = {}};
  if (range.start().value() == 0) {
    Error error{.what = Fault::kKernelAtZero, .clause = Clause::kStart4, .thing = thing};
    return std::unexpected(std::move(error));
  }
  if (range.end().value() > kFourGiB) {
    Error error{.what = Fault::kKernelAbove4GiB, .clause = Clause::kStart8, .thing = thing};
    return std::unexpected(std::move(error));
  }
  GuestAddress covered = range.start();  // all of the range below it is RAM
  auto entry = std::ranges::upper_bound(map, covered, {}, [](const MapEntry& e) { return e.range.end(); });
  for (; covered < range.end(); ++entry) {
    if (entry == map.end() || covered < entry->range.start())
      return std::unexpected(failure(Fault::kOutsideRam, Clause::kPlace2, thing, guest_ram(memory_size)));
    if (entry->type != XEN_HVM_MEMMAP_TYPE_RAM)
      return std::unexpected(
          failure(Fault::kMeetsReserved, Clause::kPlace2, thing, {entry->name, entry->range, {}}));
    covered = entry->range.end();
  }
  return {};
}

Result<void> check_load_address(const image::KernelImage& kernel, GuestAddress address) {
  if (address == kernel.extent.start()) return {};
  if (!kernel.relocation)
    return std::unexpected(Error{.what = Fault::kNotRelocatable,
                                 .clause = Clause::kNote6,
                                 .found = Hex{address.value()},
                                 .wanted = Hex{kernel.extent.start().value()}});
  const image::RelocationLimits& limits = *kernel.relocation;
  if (!address.is_aligned(limits.alignment))
    return std::unexpected(Error{.what = Fault::kLoadAddressUnaligned,
                                 .clause = Clause::kNote6,
                                 .found = Hex{address.value()},
                                 .wanted = Hex{limits.alignment}});
  if (address.value() < limits.min)
    return std::unexpected(Error{.what = Fault::kLoadAddressTooLow,
                                 .clause = Clause::kNote6,
                                 .found = Hex{address.value()},
                                 .wanted = Hex{limits.min}});
  const auto extent = GuestRange::from_size(address, kernel.extent.size());
  if (!extent || extent->last().value() > limits.max)
    return std::unexpected(Error{.what = Fault::kLoadAddressTooHigh,
                                 .clause = Clause::kNote6,
                                 .found = Hex{address.value()},
                                 .wanted = Hex{limits.max},
                                 .thing = Thing{"the kernel", {}, kernel.extent.size()}});
  return {};
}

/// A position drawn uniformly from `places`.
GuestAddress draw(std::span<const Positions> places, Random& random) {
  std::uint64_t total = 0;
  for (const Positions& place : places) total += place.count;
  std::uint64_t i = random.below(total);
  for (const Positions& place : places) {
    if (i < place.count) return place.at(i);
    i -= place.count;
  }
  return places.back().first;  // not reached: i < total
}

}  // namespace

std::optional<GuestRange> moved(const image::KernelImage& kernel, const GuestRange& range,
                                GuestAddress start) {
  const std::uint64_t offset = range.start().value() - kernel.extent.start().value();
  if (offset > kAddressLimit || start.value() > kAddressLimit) return std::nullopt;
  return GuestRange::from_size(GuestAddress{start.value() + offset}, range.size());
}

Result<void> check_position_request(const Request& request) {
  if (request.load_address) return check_load_address(request.kernel, *request.load_address);
  if (request.randomize_seed && !request.kernel.relocation)
    return std::unexpected(Error{.what = Fault::kNotRandomizable,
                                 .clause = Clause::kNote6,
                                 .thing = Thing{"the kernel", request.kernel.extent, {}}});
  return {};
}

Result<void> check_position(const image::KernelImage& kernel, GuestAddress start, std::uint64_t memory_size,
                            std::span<const MapEntry> map) {
  for (std::size_t i = 0; i < kernel.elf.segments.size(); ++i) {
    const auto range = moved(kernel, kernel.elf.segments[i].memory, start);
    const std::string name = segment_name(i);
    if (!range) {
      Thing thing{name, {}, kernel.elf.segments[i].memory.size()};
      return std::unexpected(
          Error{.what = Fault::kKernelAbove4GiB, .clause = Clause::kStart8, .thing = std::move(thing)});
    }
    if (auto checked = check_in_ram(name, *range, memory_size, map); !checked) return checked;
  }
  return {};
}

std::vector<Positions> positions(std::uint64_t size, const image::RelocationLimits& limits,
                                 std::span<const GuestRange> ram) {
  std::vector<Positions> result;
  if (size == 0) return result;
  for (const GuestRange& range : ram) {
    const std::uint64_t lowest = std::max({range.start().value(), limits.min, kPageSize});
    // `max` names the last byte, so the end may lie one past it.
    const std::uint64_t limit = limits.max < kFourGiB ? limits.max + 1 : kFourGiB;
    const std::uint64_t end = std::min(range.end().value(), limit);
    const auto first = align_up(lowest, limits.alignment);
    if (!first || *first >= end || end - *first < size) continue;
    const std::uint64_t count = (end - size - *first) / limits.alignment + 1;
    result.push_back({.first = GuestAddress{*first}, .count = count, .alignment = limits.alignment});
  }
  return result;
}

std::vector<GuestAddress> candidates(const Request& request, std::span<const MapEntry> map) {
  const image::KernelImage& kernel = request.kernel;
  if (request.load_address || !kernel.relocation) {
    const GuestAddress only = request.load_address.value_or(kernel.extent.start());
    if (!check_position(kernel, only, 0, map)) return {};
    return {only};
  }

  const auto places = positions(kernel.extent.size(), *kernel.relocation, ram_of(map));
  std::vector<GuestAddress> result;
  if (request.randomize_seed && !places.empty()) {
    Random random(*request.randomize_seed);
    for (int i = 0; i < kRandomTries; ++i) result.push_back(draw(places, random));
  }
  if (!request.randomize_seed && check_position(kernel, kernel.extent.start(), 0, map))
    result.push_back(kernel.extent.start());
  const std::size_t tried = std::min(places.size(), kRangesTried);
  for (const Positions& place : std::span(places).first(tried)) result.push_back(place.first);
  for (const Positions& place : std::span(places).last(tried)) result.push_back(place.at(place.count - 1));
  return result;
}

Error no_position(const Request& request, std::uint64_t memory_size, std::span<const MapEntry> map) {
  const image::KernelImage& kernel = request.kernel;
  if (request.load_address || !kernel.relocation) {
    const GuestAddress only = request.load_address.value_or(kernel.extent.start());
    auto checked = check_position(kernel, only, memory_size, map);
    if (!checked) return std::move(checked).error();
  }
  Error error{.what = Fault::kNoKernelPosition,
              .clause = Clause::kPlace2,
              .found = Size{memory_size},
              .thing = Thing{"the kernel", {}, kernel.extent.size()}};
  if (!kernel.relocation) return error;
  const std::uint64_t last = std::min(kernel.relocation->max, kFourGiB - 1);
  const auto allowed = GuestRange::from_ends(GuestAddress{kernel.relocation->min}, GuestAddress{last + 1});
  error.wanted = Hex{kernel.relocation->alignment};
  error.obstacle = Thing{"the limits of its note", allowed, {}};
  return error;
}

}  // namespace pvh::boot
