// A tap: an Ethernet interface of the host whose cable ends in this process.
#pragma once

#include <string>

#include "pvh/base/error.hpp"
#include "pvh/virtio/net_port.hpp"

namespace pvh::virtio {

/// The longest name that an interface can have.
inline constexpr std::size_t kLongestInterfaceName = 15;

/// The cable's end of the interface `name`, which exists already: each frame behind a header as NetPort's.
[[nodiscard]] Result<UniqueFd> open_tap(const std::string& name);

/// What a tap can do, and its setting to what of it the driver accepted.
inline constexpr std::uint64_t kTapFeatures = kNetChecksum | kNetGuestChecksum | kNetGuestTso4 |
                                              kNetGuestTso6 | kNetGuestEcn | kNetHostTso4 | kNetHostTso6 |
                                              kNetHostEcn;
void set_tap_offloads(int tap, std::uint64_t features);

class TapPort final : public NetPort {
 public:
  explicit TapPort(UniqueFd tap) : tap_(std::move(tap)) {}

  [[nodiscard]] std::uint64_t features() const override { return kTapFeatures; }
  void accept(std::uint64_t features) override { set_tap_offloads(tap_.get(), features); }
  [[nodiscard]] int descriptor() const override { return tap_.get(); }
  [[nodiscard]] Received receive(std::span<const iovec> into) override;
  [[nodiscard]] bool send(const Buffers& frame) override;
  [[nodiscard]] std::string reason() override { return "its interface was removed"; }

 private:
  UniqueFd tap_;
};

}  // namespace pvh::virtio
