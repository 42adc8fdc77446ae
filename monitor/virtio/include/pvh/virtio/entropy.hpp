// Random bytes from the host's kernel (virtio 1.2, 5.4).
#pragma once

#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

class Entropy final : public Device {
 public:
  [[nodiscard]] std::uint32_t id() const override { return 4; }
  [[nodiscard]] std::uint64_t features() const override { return kCommonFeatures; }
  [[nodiscard]] unsigned queue_count() const override { return 1; }
  [[nodiscard]] bool wants_thread() const override { return false; }
  void read_config(std::uint64_t, std::span<std::byte>) override {}

  void start(Driver& driver) override { driver_ = &driver; }
  void stop() override { driver_ = nullptr; }
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;

 private:
  /// What one request gets at most, and how many are served before others have their turn.
  static constexpr std::size_t kMostBytes = 4096;
  static constexpr unsigned kMostRequests = 64;
  /// Until a host that has no entropy yet, early in its life, is asked again.
  static constexpr std::chrono::milliseconds kPatience{100};

  Driver* driver_ = nullptr;
  bool host_is_empty_ = false;
  Chain chain_;
};

}  // namespace pvh::virtio
