#include "pvh/backend/user_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "pvh/backend/ethernet.hpp"
#include "pvh/system/host_error.hpp"

namespace pvh::backend {

namespace {

using system::host_error;

// The addresses that QEMU's users know.
constexpr const char* kGuest = "10.0.2.15";
constexpr const char* kHost = "10.0.2.2";
constexpr const char* kDns = "10.0.2.3";
constexpr const char* kHostMac = "52:55:0a:00:02:02";
/// Where passt finds its end of the stream.
constexpr int kStream = 3;

std::vector<std::string> passt_arguments(std::span<const Forward> forwards) {
  // --interface: whose addresses the guest would get, if we gave none. The loopback is there without any
  // network, too; what goes out goes by the host's routes all the same.
  std::vector<std::string> out = {"passt",
                                  "--foreground",
                                  "--quiet",
                                  "--fd",
                                  std::to_string(kStream),
                                  "--ipv4-only",
                                  "--interface",
                                  "lo",
                                  "--address",
                                  kGuest,
                                  "--netmask",
                                  "24",
                                  "--gateway",
                                  kHost,
                                  "--mac-addr",
                                  kHostMac,
                                  "--dns-forward",
                                  kDns,
                                  "--mtu",
                                  std::to_string(kUserNetworkMtu),
                                  "--no-dhcp-search"};
  for (const Forward& forward : forwards) {
    out.emplace_back(forward.protocol == Protocol::kTcp ? "--tcp-ports" : "--udp-ports");
    out.push_back(forward.address + "/" + std::to_string(forward.port) + ":" +
                  std::to_string(forward.guest_port));
  }
  return out;
}

/// Takes it as passt will, so that what the host has against it is told by its name.
Result<UniqueFd> try_port(const Forward& forward) {
  const bool tcp = forward.protocol == Protocol::kTcp;
  UniqueFd probe(::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!probe) return std::unexpected(host_error("socket", errno));
  // Connections of the run before do not keep a port.
  const int yes = 1;
  if (tcp) ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(forward.port);
  ::inet_pton(AF_INET, forward.address.c_str(), &address.sin_addr);
  const bool taken = ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     (!tcp || ::listen(probe.get(), 1) == 0);
  if (taken) return probe;
  const Fault what = errno == EADDRINUSE ? Fault::kForwardInUse
                     : errno == EACCES   ? Fault::kForwardForbidden
                                         : Fault::kForwardFailed;
  return std::unexpected(
      Error{.what = what, .subject = host_port_text(forward), .found = std::string(std::strerror(errno))});
}

Result<void> check_ports(std::span<const Forward> forwards) {
  std::vector<UniqueFd> probes;  // all at once: two may want the same
  for (const Forward& forward : forwards) {
    auto probe = try_port(forward);
    if (!probe) return std::unexpected(probe.error());
    probes.push_back(std::move(*probe));
  }
  return {};
}

struct [[gnu::packed]] ArpFrame {
  ether_header ethernet;
  ether_arp arp;
};

/// Who has the host's address?
ArpFrame question(const Mac& mac) {
  ArpFrame out{};
  std::ranges::fill(out.ethernet.ether_dhost, std::uint8_t{0xff});
  std::ranges::copy(mac, out.ethernet.ether_shost);
  out.ethernet.ether_type = htons(ETHERTYPE_ARP);
  out.arp.arp_hrd = htons(ARPHRD_ETHER);
  out.arp.arp_pro = htons(ETHERTYPE_IP);
  out.arp.arp_hln = ETHER_ADDR_LEN;
  out.arp.arp_pln = sizeof out.arp.arp_spa;
  out.arp.arp_op = htons(ARPOP_REQUEST);
  std::ranges::copy(mac, out.arp.arp_sha);
  ::inet_pton(AF_INET, kGuest, out.arp.arp_spa);
  ::inet_pton(AF_INET, kHost, out.arp.arp_tpa);
  return out;
}

bool take(int stream, std::span<std::byte> into) {
  while (!into.empty()) {
    const ssize_t got = ::recv(stream, into.data(), into.size(), MSG_WAITALL);
    if (got < 0 && errno == EINTR) continue;  // stopped and continued
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

/// passt says nowhere that it is ready, but then it answers.
bool answers(int stream, const Mac& mac) {
  constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  struct [[gnu::packed]] {
    std::uint32_t length = htonl(sizeof(ArpFrame));
    ArpFrame frame;
  } asked{.frame = question(mac)};
  if (::send(stream, &asked, sizeof asked, MSG_NOSIGNAL) != sizeof asked) return false;
  std::vector<std::byte> frame;
  for (;;) {
    std::uint32_t length = 0;
    if (!take(stream, std::as_writable_bytes(std::span(&length, 1)))) return false;
    length = ntohl(length);
    if (length > kLargestEthernetFrame) return false;
    frame.resize(length);
    if (!take(stream, frame)) return false;
    // Others may be first: who used a forwarded port was faster than we. They will try again.
    ether_header header{};
    std::memcpy(&header, frame.data(), std::min(frame.size(), sizeof header));
    if (header.ether_type == htons(ETHERTYPE_ARP)) return true;
  }
}

}  // namespace

Passt::~Passt() {
  using namespace std::chrono_literals;
  // One that does not end is left to the kernel: to kill it is none of our rights any more.
  if (process_.id() > 0 && !process_.wait_for(1s)) process_.leave();
}

std::string Passt::reason() {
  // What it says of root, and of a host without a system log, is no reason.
  constexpr std::string_view kBesides[] = {"Don't run as root", "Failed to send"};
  words_.serve();
  const std::string said = words_.last_lines(SIZE_MAX, "\n");
  std::string_view last;
  for (std::string_view rest = said; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (std::ranges::none_of(kBesides, [&](std::string_view word) { return line.starts_with(word); }))
      last = line;
  }
  return last.empty() ? "passt ended" : "passt ended: " + std::string(last);
}

Result<UserNetwork> start_user_network(std::span<const Forward> forwards, const Mac& mac) {
  if (auto free = check_ports(forwards); !free) return std::unexpected(free.error());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return std::unexpected(host_error("pair of sockets", errno));
  UniqueFd stream(ends[0]);
  UniqueFd theirs(ends[1]);
  // Does not block passt either, whatever it says: nobody reads it before the end.
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::unexpected(host_error("pipe", errno));
  UniqueFd words(ends[0]);
  UniqueFd saying(ends[1]);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return std::unexpected(host_error("/dev/null", errno));

  const std::array<int, kStream + 1> inherited{null.get(), null.get(), saying.get(), theirs.get()};
  auto process = system::Process::start(passt_arguments(forwards), inherited, Fault::kPasstMissing);
  if (!process) return std::unexpected(process.error());
  theirs.reset();
  saying.reset();
  UserNetwork network{.program = {std::move(*process), std::move(words)}, .stream = std::move(stream)};
  if (!answers(network.stream.get(), mac))
    return std::unexpected(Error{.what = Fault::kPasstFailed, .found = network.program.reason()});
  if (::fcntl(network.stream.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0)
    return std::unexpected(host_error("socket that does not block", errno));
  return network;
}

}  // namespace pvh::backend
