// A hostile driver and a network card, whose cable carries what is sent back again.
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>

#include "pvh/virtio/net.hpp"
#include "pvh/virtio/tap.hpp"
#include "virtio_script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::virtio;
  if (size == 0) return 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  const pvh::UniqueFd other(ends[1]);
  // Frames that wait for the guest, from empty to larger than any room that it has.
  for (unsigned i = 0; i < 3; ++i) {
    const std::vector<std::byte> frame(std::size_t{data[0]} << (i * 4));
    [[maybe_unused]] const ssize_t written = ::write(other.get(), frame.data(), frame.size());
  }
  testing::GuardedRam ram;
  Net device(std::make_unique<TapPort>(pvh::UniqueFd(ends[0])), {.name = "network 0", .mac = {2}});
  testing::Registers registers(device, ram.memory());
  testing::Script(std::as_bytes(std::span(data, size)).subspan(1), ram, registers, device.features()).run();
  return 0;
}
