// Sockets between host and guest (virtio 1.2, 5.10), which the host's kernel carries.
#pragma once

#include <memory>

#include "pvh/virtio/vhost.hpp"

namespace pvh::virtio {

/// The first CID that a guest can have, and the last: the others are nobody's, the host's own, or
/// everybody's.
inline constexpr std::uint32_t kFirstCid = 3;
inline constexpr std::uint32_t kLastCid = 0xfffffffe;

/// The host's end of the guest that has this CID, as long as it is open.
[[nodiscard]] Result<UniqueFd> open_socket_end(std::uint32_t cid);

class Socket final : public Device {
 public:
  /// `end` as open_socket_end gave it for `cid`.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> create(UniqueFd end, std::uint32_t cid);
  Socket(Vhost vhost, std::uint32_t cid) : vhost_(std::move(vhost)), cid_(cid) {}

  [[nodiscard]] std::uint32_t id() const override { return 19; }
  [[nodiscard]] std::uint64_t features() const override;
  /// To the guest, from it, and for events, of which there are none.
  [[nodiscard]] unsigned queue_count() const override { return kServedQueues + 1; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) override;
  [[nodiscard]] std::vector<int> descriptors() const override { return vhost_.descriptors(); }
  [[nodiscard]] int notification_descriptor(unsigned queue) const override {
    return queue < kServedQueues ? vhost_.notification_descriptor(queue) : -1;
  }
  [[nodiscard]] bool interrupts_by_itself() const override { return true; }

  void start(Driver& driver) override;
  void stop() override;
  [[nodiscard]] std::optional<Clock::time_point> prepare(std::vector<pollfd>& polled) override;
  void serve(std::span<const pollfd> polled) override;

 private:
  static constexpr unsigned kServedQueues = 2;

  [[nodiscard]] bool set_running(bool running) const;

  Vhost vhost_;
  std::uint32_t cid_;
  Driver* driver_ = nullptr;
};

}  // namespace pvh::virtio
