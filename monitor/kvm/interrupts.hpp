// The two joints between devices, I/O APICs and the virtual machine.
#pragma once

#include <cstdint>
#include <span>

namespace pvh::kvm {

/// Where a device's interrupt line ends.
class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual void set_line(std::uint32_t line, bool high) = 0;
};

/// An interrupt on its way to local APICs, as a PCI device would write it.
struct Message {
  std::uint32_t address;
  std::uint32_t data;
  bool operator==(const Message&) const = default;
};

/// A line whose end of interrupt we want to hear of.
struct Route {
  std::uint32_t line;
  Message message;
  bool operator==(const Route&) const = default;
};

/// Where interrupts go that the I/O APICs let through.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  virtual void deliver(const Message& message) = 0;
  /// All level-triggered lines that are in use, whenever that changes.
  virtual void route(std::span<const Route> routes) = 0;
};

}  // namespace pvh::kvm
