// A cable of frames in a stream: each behind its length, as passt and QEMU's socket networks speak it.
#pragma once

#include <memory>
#include <optional>

#include "pvh/backend/user_network.hpp"
#include "pvh/virtio/net_port.hpp"

namespace pvh::virtio {

class StreamPort final : public NetPort {
 public:
  /// `stream` is a connected socket that does not block; `program`, where there is one, is at its other end.
  explicit StreamPort(UniqueFd stream, std::optional<backend::Passt> program = std::nullopt);

  /// The other end computes all checksums, and nothing between us can change a byte.
  [[nodiscard]] std::uint64_t features() const override { return kNetGuestChecksum; }
  void accept(std::uint64_t features) override;
  [[nodiscard]] std::uint16_t mtu() const override { return backend::kUserNetworkMtu; }
  [[nodiscard]] int descriptor() const override { return stream_.get(); }
  [[nodiscard]] std::vector<int> descriptors() const override;
  [[nodiscard]] Received receive(std::span<const iovec> into) override;
  [[nodiscard]] bool send(const Buffers& frame) override;
  [[nodiscard]] std::string reason() override;

 private:
  [[nodiscard]] std::optional<std::size_t> waiting_length() const;
  [[nodiscard]] Got fill();
  /// `pieces_`, of `left` bytes together; whether all of them are gone.
  [[nodiscard]] bool write(std::size_t& left);
  [[nodiscard]] bool complete_cut_frame();

  std::optional<backend::Passt> program_;
  UniqueFd stream_;  // closed before `program_` is waited for
  bool guest_trusts_ = false;

  std::unique_ptr<std::byte[]> received_;  ///< from begin_ to end_
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  std::size_t unsent_ = 0;  ///< the rest of a frame of which a part is sent
  std::size_t owed_ = 0;    ///< the same, where the driver has taken the frame back
  std::vector<iovec> pieces_;
};

}  // namespace pvh::virtio
