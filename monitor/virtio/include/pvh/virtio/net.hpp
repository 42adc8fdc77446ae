// A network card (virtio 1.2, 5.1) with one pair of queues, which we serve.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "pvh/backend/ethernet.hpp"
#include "pvh/virtio/device.hpp"
#include "pvh/virtio/net_port.hpp"

namespace pvh::virtio {

/// What every card here is, whoever serves its queues.
class NetCard : public Device {
 public:
  struct Options {
    std::string name;  ///< for reports: "network 0"
    backend::Mac mac{};
    /// Of a port that is gone. Called on any thread.
    std::function<void(const Error&)> report = [](const Error&) {};
  };

  [[nodiscard]] std::uint32_t id() const final { return 1; }
  [[nodiscard]] unsigned queue_count() const final { return 2; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) final;

 protected:
  static constexpr unsigned kToGuest = 0;
  static constexpr unsigned kFromGuest = 1;
  static constexpr std::uint64_t kCardFeatures = kNetMac | kNetStatus | kNetMergeable;

  explicit NetCard(Options options, std::uint16_t mtu = 0) : options_(std::move(options)), mtu_(mtu) {}

  void unplug(Driver& driver, const std::string& reason);
  [[nodiscard]] bool plugged() const { return plugged_; }

 private:
  Options options_;
  std::uint16_t mtu_;
  bool plugged_ = true;
};

class Net final : public NetCard {
 public:
  Net(std::unique_ptr<NetPort> port, Options options);

  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] std::vector<int> descriptors() const override { return port_->descriptors(); }

  void start(Driver& driver) override;
  void stop() override;
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;

 private:
  /// Of each queue, then other devices have their turn.
  static constexpr unsigned kMostFrames = 64;
  /// The kernel's calls take 1024 pieces; a chain has at most kMaxQueueSize.
  static constexpr std::size_t kMostPieces = 1024 - kMaxQueueSize;

  struct Room {
    std::uint16_t head;
    std::uint64_t size;
  };

  /// Both: false where the queue is broken.
  [[nodiscard]] bool receive_frames(Queue& queue);
  [[nodiscard]] bool send_frames(Queue& queue);

  [[nodiscard]] bool gather(Queue& queue);
  [[nodiscard]] bool can_gather_more(const Queue& queue) const;
  [[nodiscard]] NetPort::Got receive_frame();
  void hand_over(Queue& queue, std::uint64_t size);

  std::unique_ptr<NetPort> port_;
  Driver* driver_ = nullptr;
  bool mergeable_ = false;
  Chain chain_;

  /// Buffers of the guest's that wait for frames, and all of them together.
  std::deque<Room> rooms_;
  Buffers room_;
  /// A frame that came when there was no room for the largest. 0: there is none.
  std::unique_ptr<std::byte[]> spare_;
  std::size_t spare_size_ = 0;

  /// A frame that the port could not take yet.
  Chain unsent_;
  bool holds_unsent_ = false;
};

}  // namespace pvh::virtio
