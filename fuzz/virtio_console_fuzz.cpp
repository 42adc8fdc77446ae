// A hostile driver and a console: what the user's side holds is bounded.
#include <array>
#include <cstdint>

#include "pvh/virtio/console.hpp"
#include "virtio_script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::virtio;
  const pvh::Bytes input = std::as_bytes(std::span(data, size));
  testing::GuardedRam ram;
  Console device;
  testing::Registers registers(device, ram.memory());
  (void)device.type(input.first(size / 2));
  testing::Script(input, ram, registers, device.features()).run();
  std::array<std::byte, 1024> output;
  while (device.take_output(output) > 0) (void)registers.serve();
  return 0;
}
