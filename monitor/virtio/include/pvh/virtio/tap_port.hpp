// A network card's cable that ends at a tap of the host.
#pragma once

#include "pvh/base/unique_fd.hpp"
#include "pvh/virtio/net_port.hpp"

namespace pvh::virtio {

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
