// A network card whose frames the host's kernel carries between its queues and a tap.
#pragma once

#include "pvh/backend/vhost.hpp"
#include "pvh/virtio/net.hpp"

namespace pvh::virtio {

class VhostNet final : public NetCard {
 public:
  /// Null where this host or this user has no such thing; `tap` is then untouched.
  [[nodiscard]] static std::unique_ptr<VhostNet> create(UniqueFd& tap, Options options);
  VhostNet(UniqueFd tap, backend::Vhost vhost, Options options);

  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] std::vector<int> descriptors() const override;
  [[nodiscard]] int notification_descriptor(unsigned queue) const override {
    return vhost_.notification_descriptor(queue);
  }
  [[nodiscard]] bool interrupts_by_itself() const override { return true; }

  void start(Driver& driver) override;
  void stop() override;
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  void pause() override;
  void resume() override;

 private:
  /// Each queue's other end; none: VHOST_FILE_UNBIND.
  [[nodiscard]] bool connect(int tap) const;

  UniqueFd tap_;
  backend::Vhost vhost_;
  Driver* driver_ = nullptr;
};

}  // namespace pvh::virtio
