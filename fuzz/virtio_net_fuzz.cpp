// A hostile driver and a network card, at either cable that we serve: one takes what is sent for frames that
// come, the other is a stream of frames, with an end that answers nothing.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "pvh/virtio/net.hpp"
#include "pvh/virtio/stream_port.hpp"
#include "pvh/virtio/tap_port.hpp"
#include "virtio_script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::virtio;
  if (size == 0) return 0;
  const bool stream = data[0] % 2 == 1;
  int ends[2];
  const int kind = (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (::socketpair(AF_UNIX, kind, 0, ends) != 0) std::abort();
  const pvh::UniqueFd other(ends[1]);
  // Frames that wait for the guest, from empty to larger than any room that it has.
  for (unsigned i = 0; i < 3; ++i) {
    std::vector<std::byte> frame(std::size_t{data[0]} << (i * 4));
    const std::uint32_t length = htonl(static_cast<std::uint32_t>(frame.size()));
    const auto* const header = reinterpret_cast<const std::byte*>(&length);
    if (stream) frame.insert(frame.begin(), header, header + sizeof length);
    [[maybe_unused]] const ssize_t written = ::write(other.get(), frame.data(), frame.size());
  }
  testing::GuardedRam ram;
  std::unique_ptr<NetPort> port;
  if (stream)
    port = std::make_unique<StreamPort>(pvh::UniqueFd(ends[0]));
  else
    port = std::make_unique<TapPort>(pvh::UniqueFd(ends[0]));
  Net device(std::move(port), {.name = "network 0", .mac = {2}});
  testing::Registers registers(device, ram.memory());
  testing::Script(std::as_bytes(std::span(data, size)).subspan(1), ram, registers, device.features()).run();
  return 0;
}
