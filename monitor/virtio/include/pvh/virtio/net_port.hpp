// The host's end of a network card: where frames come from and go to.
#pragma once

#include <net/ethernet.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pvh/backend/ethernet.hpp"
#include "pvh/backend/tap.hpp"
#include "pvh/virtio/guest_memory.hpp"

namespace pvh::virtio {

/// Features of a network card, by bit number (virtio 1.2, 5.1.3).
inline constexpr std::uint64_t kNetChecksum = std::uint64_t{1} << 0U;
inline constexpr std::uint64_t kNetGuestChecksum = std::uint64_t{1} << 1U;
inline constexpr std::uint64_t kNetMtu = std::uint64_t{1} << 3U;
inline constexpr std::uint64_t kNetMac = std::uint64_t{1} << 5U;
inline constexpr std::uint64_t kNetGuestTso4 = std::uint64_t{1} << 7U;
inline constexpr std::uint64_t kNetGuestTso6 = std::uint64_t{1} << 8U;
inline constexpr std::uint64_t kNetGuestEcn = std::uint64_t{1} << 9U;
inline constexpr std::uint64_t kNetHostTso4 = std::uint64_t{1} << 11U;
inline constexpr std::uint64_t kNetHostTso6 = std::uint64_t{1} << 12U;
inline constexpr std::uint64_t kNetHostEcn = std::uint64_t{1} << 13U;
inline constexpr std::uint64_t kNetMergeable = std::uint64_t{1} << 15U;
inline constexpr std::uint64_t kNetStatus = std::uint64_t{1} << 16U;

/// In front of each frame, both ways: what is left to do for its checksum and segments, and on the way to the
/// guest how many buffers it lies in.
inline constexpr std::size_t kNetHeaderSize = 12;
inline constexpr std::size_t kNetHeaderBuffers = 10;

static_assert(kNetHeaderSize == backend::kTapHeaderSize);

/// The largest frame, with the header.
inline constexpr std::size_t kLargestFrame = kNetHeaderSize + backend::kLargestEthernetFrame;

class NetPort {
 public:
  virtual ~NetPort() = default;

  /// What it offers to do for the driver, and the driver for it.
  [[nodiscard]] virtual std::uint64_t features() const = 0;
  /// Which of that the driver has accepted.
  virtual void accept(std::uint64_t features) = 0;
  /// The most of a frame besides Ethernet's header; 0: the usual.
  [[nodiscard]] virtual std::uint16_t mtu() const { return 0; }

  /// To be polled; readable too when it is gone.
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual std::vector<int> descriptors() const { return {descriptor()}; }

  enum class Got : std::uint8_t { kFrame, kNothing, kGone };
  struct Received {
    Got got;
    std::size_t size = 0;  ///< with the header
  };
  /// The next frame with its header, as much of it as there is room for.
  [[nodiscard]] virtual Received receive(std::span<const iovec> into) = 0;

  /// Takes a frame with its header. False: not now, or not all of it; once the descriptor is writable the
  /// same frame comes again, unless a driver is accepted before. What cannot be sent is lost, as on any wire.
  [[nodiscard]] virtual bool send(const Buffers& frame) = 0;

  /// Why it is gone.
  [[nodiscard]] virtual std::string reason() = 0;
};

}  // namespace pvh::virtio
