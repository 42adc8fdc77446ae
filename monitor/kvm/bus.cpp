#include "bus.hpp"

#include <algorithm>

namespace pvh::kvm {

void ByteDevice::read(std::uint64_t offset, std::span<std::byte> out) {
  for (std::byte& byte : out) byte = std::byte{read_register(offset++)};
}

void ByteDevice::write(std::uint64_t offset, Bytes in) {
  for (const std::byte byte : in) write_register(offset++, std::to_integer<std::uint8_t>(byte));
}

void Bus::attach(std::uint64_t start, std::uint64_t size, Device& device) {
  places_.push_back({.start = start, .size = size, .device = &device});
}

const Bus::Place* Bus::find(std::uint64_t address) const {
  const auto found = std::ranges::find_if(places_, [address](const Place& place) {
    return address >= place.start && address - place.start < place.size;
  });
  return found == places_.end() ? nullptr : &*found;
}

void Bus::read(std::uint64_t address, std::span<std::byte> out) const {
  std::ranges::fill(out, std::byte{0xff});
  const Place* place = find(address);
  if (place == nullptr) return;
  const std::uint64_t offset = address - place->start;
  place->device->read(offset, out.first(std::min<std::uint64_t>(out.size(), place->size - offset)));
}

void Bus::write(std::uint64_t address, Bytes in) const {
  const Place* place = find(address);
  if (place == nullptr) return;
  const std::uint64_t offset = address - place->start;
  place->device->write(offset, in.first(std::min<std::uint64_t>(in.size(), place->size - offset)));
}

}  // namespace pvh::kvm
