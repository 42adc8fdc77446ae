// A console with one port (virtio 1.2, 5.3): Linux's hvc0.
#pragma once

#include <functional>
#include <mutex>

#include "pvh/system/byte_queue.hpp"
#include "pvh/system/event.hpp"
#include "pvh/virtio/device.hpp"

namespace pvh::virtio {

/// The guest's side is the Device, the user's what stands first here: its queues are bounded, and a guest
/// waits for a slow user.
class Console final : public Device {
 public:
  /// `wake` is called, on the worker's thread, when there is output after none, or room for what is typed.
  void on_change(std::function<void()> wake) { wake_ = std::move(wake); }
  /// Takes up to `into.size()` bytes of the guest's output.
  [[nodiscard]] std::size_t take_output(std::span<std::byte> into);
  /// Gives the guest what was typed: as much as there is room for, and says how much.
  [[nodiscard]] std::size_t type(Bytes keys);

  [[nodiscard]] std::uint32_t id() const override { return 3; }
  [[nodiscard]] std::uint64_t features() const override { return kCommonFeatures; }
  [[nodiscard]] unsigned queue_count() const override { return 2; }
  [[nodiscard]] bool wants_thread() const override { return false; }
  void read_config(std::uint64_t, std::span<std::byte>) override {}
  [[nodiscard]] std::vector<int> descriptors() const override { return {changed_.descriptor()}; }

  void start(Driver& driver) override;
  void stop() override { driver_ = nullptr; }
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;

 private:
  static constexpr unsigned kToGuest = 0;
  static constexpr unsigned kFromGuest = 1;
  static constexpr std::size_t kOutputSize = 16 * 1024;
  static constexpr std::size_t kInputSize = 4096;
  static constexpr unsigned kMostChains = 64;  ///< of each queue, then others have their turn

  /// Both: false where the queue is broken.
  [[nodiscard]] bool give_input(Queue& queue);
  [[nodiscard]] bool take_from_guest(Queue& queue);
  [[nodiscard]] bool pass_unsent_on();

  std::function<void()> wake_ = [] {};
  system::Event changed_;  ///< the user's side has done something
  Driver* driver_ = nullptr;
  Chain chain_;
  Buffers unsent_;  ///< of the chain that is being taken; the user may be slow
  std::uint16_t unsent_head_ = 0;
  bool holds_chain_ = false;

  std::mutex mutex_;  // the user's side comes past the transport
  system::ByteQueue output_{kOutputSize};
  system::ByteQueue input_{kInputSize};
};

}  // namespace pvh::virtio
