// A network without privileges: passt, a process of its own, carries what the guest sends by ordinary sockets
// of this user's. It speaks frames in a stream, which both engines take.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pvh/backend/ethernet.hpp"
#include "pvh/backend/forward.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/system/process.hpp"
#include "pvh/system/side_pipe.hpp"

namespace pvh::backend {

/// The most of a frame of IP: less than 64 KiB by Ethernet's header, in whole words.
inline constexpr std::uint16_t kUserNetworkMtu = 65520;

/// The process. It ends by itself once the other end of its stream is closed, which is the only way for a
/// monitor without rights to have it end.
class Passt {
 public:
  Passt(system::Process process, UniqueFd words)
      : words_(std::move(words), ""), process_(std::move(process)) {}
  Passt(Passt&&) noexcept = default;
  Passt& operator=(Passt&&) = delete;
  /// Waits for its end.
  ~Passt();

  [[nodiscard]] std::vector<int> descriptors() const { return {words_.descriptor(), process_.descriptor()}; }
  /// Why it is gone, as far as it said so.
  [[nodiscard]] std::string reason();

 private:
  system::SidePipe words_;
  system::Process process_;
};

struct UserNetwork {
  Passt program;
  UniqueFd stream;  ///< does not block; closed first
};

/// The guest finds itself as 10.0.2.15/24 by DHCP, this host (and its loopback) as 10.0.2.2, its DNS
/// server at 10.0.2.3, too. Returns once all of it works for a card that has `mac`.
[[nodiscard]] Result<UserNetwork> start_user_network(std::span<const Forward> forwards, const Mac& mac);

}  // namespace pvh::backend
