// A port of the host that leads to one of the guest's.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace pvh::backend {

enum class Protocol : std::uint8_t { kTcp, kUdp };

struct Forward {
  Protocol protocol = Protocol::kTcp;
  std::string address = "127.0.0.1";  ///< of the host, IPv4; "0.0.0.0": any
  std::uint16_t port = 0;
  std::uint16_t guest_port = 0;
  bool operator==(const Forward&) const = default;
};

/// "[tcp:|udp:][ADDRESS:]PORT-[:]GUESTPORT", of which "tcp::8080-:80" is one, too; or what is wrong with it,
/// in words.
[[nodiscard]] std::expected<Forward, std::string_view> parse_forward(std::string_view text);

/// "TCP port 8080 of 127.0.0.1"
[[nodiscard]] std::string host_port_text(const Forward& forward);

}  // namespace pvh::backend
