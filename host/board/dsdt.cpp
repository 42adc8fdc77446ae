#include "dsdt.hpp"

#include <string>

namespace pvh::board {

namespace {

using namespace aml;

constexpr std::uint64_t kNotifyStatusChange = 0x80;

Code com1() {
  return device("COM1",
                join({name("_HID", eisa_id("PNP0501")), name("_UID", integer(1)),
                      name("_CRS", resources({io_ports(kCom1Port, 8), isa_interrupt(kCom1Interrupt)}))}));
}

Code clock() {
  return device("RTC",
                join({name("_HID", eisa_id("PNP0B00")),
                      name("_CRS", resources({io_ports(kRtcPort, 2), isa_interrupt(kRtcInterrupt)}))}));
}

Code virtio_slot(std::uint32_t slot) {
  const GuestAddress registers{kVirtioWindow.value() + slot * kVirtioSlotSize};
  const std::string digits = std::to_string(slot);
  const std::string object = "VR" + std::string(2 - digits.size(), '0') + digits;
  return device(object,
                join({name("_HID", string("LNRO0005")), name("_UID", integer(slot)),
                      name("_CRS", resources({fixed_memory(registers, kVirtioSlotSize),
                                              interrupt(kSecondIoApicBase + slot, Trigger::kLevel)}))}));
}

/// Named and numbered as QEMU's, by which drivers know it.
Code panic_port() {
  return device("PEVT",
                join({name("_HID", string("QEMU0001")), name("_CRS", resources({io_ports(kPanicPort, 1)}))}));
}

Code power_button() {
  return device("PWRB", name("_HID", eisa_id("PNP0C0C")));
}

/// Reading the selector tells which events there were, and clears them.
Code event_device() {
  const Code power_event = bit_and(path("ESEL"), integer(kEventPowerButton));
  return device("GED", join({name("_HID", string("ACPI0013")), name("_UID", integer(0)),
                             name("_CRS", resources({interrupt(kEventDeviceInterrupt, Trigger::kEdge)})),
                             memory_region("EVTR", kEventDevice, 4), field("EVTR", "ESEL", 4),
                             method("_EVT", 1, if_then(power_event, notify("PWRB", kNotifyStatusChange)))}));
}

}  // namespace

Code dsdt_code(const Board& board) {
  Code devices = join({com1(), clock(), panic_port(), power_button(), event_device()});
  for (std::uint32_t i = 0; i < board.virtio_devices; ++i)
    devices = join({devices, virtio_slot(kFirstVirtioSlot + i)});
  const Code off = package({integer(kSleepTypeOff), integer(0), integer(0), integer(0)});
  return join({scope("\\_SB", devices), name("_S5", off)});
}

}  // namespace pvh::board
