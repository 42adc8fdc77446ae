// All devices at once, as a guest with many CPUs can reach them that means no good. To be run under
// sanitizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "bus.hpp"
#include "pvh/board/board.hpp"
#include "x86/io_apic.hpp"
#include "x86/power.hpp"
#include "x86/rtc.hpp"
#include "x86/serial.hpp"

namespace pvh::kvm {
namespace {

/// Where interrupts end here: whatever the devices send must be something that a local APIC could get.
class Messages final : public MessageSink {
 public:
  void deliver(const Message& message) override {
    if ((message.address & 0xfff00000) != 0xfee00000) ++strays_;
  }
  void route(std::span<const Route> routes) override {
    if (std::ranges::any_of(routes, [](const Route& route) { return route.line >= IoApics::kLines; }))
      ++strays_;
  }
  [[nodiscard]] int strays() const { return strays_; }

 private:
  std::atomic<int> strays_ = 0;
};

struct Machine {
  Machine() {
    ports.attach(board::kCom1Port, 8, serial);
    ports.attach(board::kRtcPort, Rtc::kSize, rtc);
    ports.attach(ResetPort::kPort, 1, reset);
    ports.attach(board::kPanicPort, PanicPort::kSize, panic);
    memory.attach(board::kEventDevice.value(), EventDevice::kSize, events);
    memory.attach(board::kPm1Control.value(), PowerRegisters::kSize, power);
    io_apics.attach(memory);
  }

  Messages messages;
  std::atomic<int> ends = 0;
  std::atomic<int> wakes = 0;
  IoApics io_apics{messages};
  Serial serial{io_apics, board::kCom1Interrupt, [this] { ++wakes; }};
  Rtc rtc;
  EventDevice events;
  PowerRegisters power{[this](run::Ending) { ++ends; }};
  ResetPort reset{[this](run::Ending) { ++ends; }};
  PanicPort panic{[this](run::Ending) { ++ends; }};
  Bus ports;
  Bus memory;
};

constexpr std::uint64_t kPorts[] = {board::kCom1Port, board::kRtcPort, ResetPort::kPort, board::kPanicPort};
constexpr std::uint64_t kRegisters[] = {board::kEventDevice.value(),
                                        board::kPm1Control.value(),
                                        board::kIoApicAddress.value(),
                                        board::kIoApicAddress.value() + 0x10,
                                        board::kIoApicAddress.value(),
                                        board::kSecondIoApicAddress.value(),
                                        board::kSecondIoApicAddress.value() + 0x10,
                                        board::kIoApicAddress.value() + 0x40,
                                        0,
                                        ~std::uint64_t{0}};

/// One CPU: accesses of any width to and around any register, by a seed of its own.
void make_trouble(Machine& machine, unsigned seed) {
  std::mt19937 random(seed);
  std::array<std::byte, 8> bytes{};
  for (int i = 0; i < 20'000; ++i) {
    const bool is_port = random() % 2 == 0;
    const Bus& bus = is_port ? machine.ports : machine.memory;
    const auto places =
        is_port ? std::span<const std::uint64_t>(kPorts) : std::span<const std::uint64_t>(kRegisters);
    const std::uint64_t at = places[random() % places.size()] + (random() % 4 == 0 ? random() % 9 : 0);
    const auto data = std::span(bytes).first(1 + random() % bytes.size());
    std::ranges::generate(data, [&] { return static_cast<std::byte>(random()); });
    if (random() % 3 == 0)
      bus.read(at, data);
    else
      bus.write(at, data);
    if (random() % 8 == 0) machine.io_apics.end_of_interrupt(static_cast<std::uint8_t>(random()));
  }
}

TEST(Devices, AreSafeFromManyCpusThatMeanNoGood) {
  Machine machine;
  std::atomic<bool> over = false;
  std::thread user([&] {
    std::array<std::byte, 64> bytes{};
    while (!over) {
      (void)machine.serial.take_output(bytes);
      (void)machine.serial.type(bytes);
    }
  });
  std::vector<std::thread> cpus;
  cpus.reserve(4);
  for (unsigned seed = 0; seed < 4; ++seed) cpus.emplace_back([&, seed] { make_trouble(machine, seed); });
  for (std::thread& cpu : cpus) cpu.join();
  over = true;
  user.join();
  EXPECT_EQ(machine.messages.strays(), 0);
  EXPECT_GT(machine.wakes, 0);
  EXPECT_GT(machine.ends, 0);
}

}  // namespace
}  // namespace pvh::kvm
