// A hostile driver and the source of random numbers.
#include <cstdint>

#include "pvh/virtio/entropy.hpp"
#include "virtio_script.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::virtio;
  testing::GuardedRam ram;
  Entropy device;
  testing::Registers registers(device, ram.memory());
  testing::Script(std::as_bytes(std::span(data, size)), ram, registers, device.features()).run();
  return 0;
}
