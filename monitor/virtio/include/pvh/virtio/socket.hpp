// Sockets between host and guest (virtio 1.2, 5.10), which the host's kernel carries.
#pragma once

#include <memory>

#include "pvh/backend/vhost.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

class Socket final : public Device {
 public:
  /// `end` as backend::open_vsock gave it for `cid`.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> create(UniqueFd end, std::uint32_t cid);
  Socket(backend::Vhost vhost, std::uint32_t cid) : vhost_(std::move(vhost)), cid_(cid) {}

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
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  void pause() override;
  void resume() override;

 private:
  static constexpr unsigned kServedQueues = 2;

  [[nodiscard]] bool set_running(bool running) const;

  backend::Vhost vhost_;
  std::uint32_t cid_;
  Driver* driver_ = nullptr;
};

}  // namespace pvh::virtio
