#include "pvh/backend/forward.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <optional>

namespace pvh::backend {

namespace {

/// 0 is no port.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_address(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

}  // namespace

std::expected<Forward, std::string_view> parse_forward(std::string_view text) {
  using Wrong = std::unexpected<std::string_view>;
  Forward out;
  if (text.starts_with("udp:")) out.protocol = Protocol::kUdp;
  if (text.starts_with("udp:") || text.starts_with("tcp:")) text.remove_prefix(4);

  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos)
    return Wrong("hostfwd needs a port of the host and one of the guest, such as hostfwd=8080-80");
  std::string_view host = text.substr(0, dash);
  std::string_view guest = text.substr(dash + 1);
  if (guest.starts_with(':')) guest.remove_prefix(1);

  if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos) {
    // Without one, as `tcp::8080-:80` says it, the usual.
    if (colon > 0) out.address = host.substr(0, colon);
    if (!is_address(out.address))
      return Wrong("hostfwd takes an IPv4 address of this host, such as hostfwd=0.0.0.0:8080-80");
    host.remove_prefix(colon + 1);
  }
  const auto port = parse_port(host);
  const auto guest_port = parse_port(guest);
  if (!port || !guest_port) return Wrong("hostfwd's ports are numbers from 1 to 65535");
  out.port = *port;
  out.guest_port = *guest_port;
  return out;
}

std::string host_port_text(const Forward& forward) {
  const std::string protocol = forward.protocol == Protocol::kTcp ? "TCP" : "UDP";
  return protocol + " port " + std::to_string(forward.port) + " of " + forward.address;
}

}  // namespace pvh::backend
