// Who answers at which address: one Bus for I/O ports, one for memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pvh/base/bytes.hpp"

namespace pvh::kvm {

/// A device as the bus sees it. Called by every CPU's thread, at any time: a device locks itself. An access
/// is 1 to 8 bytes long, lies anywhere in the device's range, and asks for nothing sensible unless it does.
class Device {
 public:
  virtual ~Device() = default;
  /// `out` holds ones: what a device does not know stays so.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) = 0;
  virtual void write(std::uint64_t offset, Bytes in) = 0;
};

/// A device of registers of one byte: wider accesses are several of them, in rising order.
class ByteDevice : public Device {
 public:
  void read(std::uint64_t offset, std::span<std::byte> out) final;
  void write(std::uint64_t offset, Bytes in) final;

 protected:
  [[nodiscard]] virtual std::uint8_t read_register(std::uint64_t offset) = 0;
  virtual void write_register(std::uint64_t offset, std::uint8_t value) = 0;
};

class Bus {
 public:
  /// `device` stays the caller's and answers at `size` addresses from `start` on, which nobody else does.
  void attach(std::uint64_t start, std::uint64_t size, Device& device);

  /// Where nobody answers, reads give ones and writes go nowhere; also for the part of an access that lies
  /// beyond the device where it began.
  void read(std::uint64_t address, std::span<std::byte> out) const;
  void write(std::uint64_t address, Bytes in) const;

 private:
  struct Place {
    std::uint64_t start;
    std::uint64_t size;
    Device* device;
  };

  [[nodiscard]] const Place* find(std::uint64_t address) const;

  std::vector<Place> places_;  // a handful: looked through one by one
};

}  // namespace pvh::kvm
