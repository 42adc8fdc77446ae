// The one virtual machine that every engine presents: QEMU's microvm layout. What lies where, which interrupt
// is whose. The memory map's fixed parts and the ACPI tables are made from this description and from nothing
// else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/base/error.hpp"

namespace pvh::board {

inline constexpr std::uint16_t kCom1Port = 0x3f8;
inline constexpr std::uint32_t kCom1Interrupt = 4;

inline constexpr std::uint16_t kRtcPort = 0x70;
inline constexpr std::uint32_t kRtcInterrupt = 8;

/// pvpanic: a guest that panics says so here.
inline constexpr std::uint16_t kPanicPort = 0x505;

inline constexpr GuestAddress kIoApicAddress{0xfec00000};        ///< interrupts 0 to 23
inline constexpr GuestAddress kSecondIoApicAddress{0xfec10000};  ///< interrupts 24 to 47
inline constexpr std::uint32_t kSecondIoApicBase = 24;
inline constexpr GuestAddress kLocalApicAddress{0xfee00000};

/// Generic event device: an event selector of 4 bytes; event bit 1 is the power button.
inline constexpr GuestAddress kEventDevice{0xfea00000};
inline constexpr std::uint32_t kEventDeviceInterrupt = 9;
inline constexpr std::uint32_t kEventPowerButton = 2;
inline constexpr GuestAddress kSleepControl{0xfea00200};
inline constexpr GuestAddress kSleepStatus{0xfea00201};
/// PM1 control, 16 bits, where there is an interval timer: its upper half has the sleep control register's
/// layout, so it lies with that half there, and its lower half on nothing. ACPI's ordinary power-off so
/// reaches the device.
inline constexpr GuestAddress kPm1Control{kSleepControl.value() - 1};
inline constexpr GuestAddress kResetRegister{0xfea00202};
inline constexpr std::uint8_t kResetValue = 0x42;
inline constexpr std::uint8_t kSleepTypeOff = 5;  ///< \_S5

inline constexpr GuestAddress kVirtioWindow{0xfeb00000};
inline constexpr std::uint64_t kVirtioSlotSize = 0x200;
inline constexpr std::uint32_t kVirtioSlots = 24;  ///< slot i interrupts by kSecondIoApicBase + i
/// Device 0's slot. Slot 0 stays empty: its interrupt never arrives under QEMU, whose I/O APICs take pin 0
/// for the timer's and raise pin 2, also on the second one.
inline constexpr std::uint32_t kFirstVirtioSlot = 1;
inline constexpr std::uint32_t kMaxVirtioDevices = kVirtioSlots - kFirstVirtioSlot;

/// Where conventional memory ends, and where it goes on.
inline constexpr GuestAddress kLowMemoryEnd{640 * kKiB};
inline constexpr GuestAddress kHighMemoryStart{kMiB};
/// RAM below 4 GiB ends here at the latest; the rest appears from 4 GiB up.
inline constexpr GuestAddress kMmioHoleStart{3 * kGiB};
/// The ACPI tables' own place, in the hole below 1 MiB: never called RAM (MAP-5), found also by who scans for
/// the RSDP.
inline constexpr GuestAddress kAcpiStart{0xe0000};
inline constexpr std::uint64_t kAcpiSize = 64 * kKiB;
/// Device registers and an engine's boot ROM: reserved from here to 4 GiB.
inline constexpr GuestAddress kDeviceWindow{0xfea00000};

/// The most CPUs that the tables' place has room for with all else.
inline constexpr std::uint32_t kMaxCpus = 1024;

/// What differs from one machine to the next.
struct Board {
  std::uint32_t cpus = 1;
  std::uint32_t virtio_devices = 0;  ///< device i sits in slot kFirstVirtioSlot + i
  bool acpi = true;                  ///< without: no tables, and no RSDP
  bool interval_timer =
      true;  ///< the machine has a PIT and PICs (the emulated engine has; see docs/decisions.md)
};

/// A part of the address space that is what it is on every machine.
struct FixedRange {
  std::string name;
  GuestRange range;
  std::uint32_t type;  ///< XEN_HVM_MEMMAP_TYPE_*
};

/// A piece of guest RAM's backing: `size` bytes of one linear backing store, seen by the guest at `range`.
struct Backing {
  GuestRange range;
  std::uint64_t offset;  ///< in the backing store
};

/// What an engine must back with memory for a guest of `memory_size` bytes: all below the hole, and the rest
/// above 4 GiB.
[[nodiscard]] std::vector<Backing> backing(std::uint64_t memory_size);

/// What of that the guest may call RAM: without 640 KiB to 1 MiB.
[[nodiscard]] std::vector<GuestRange> ram(std::uint64_t memory_size);

/// What is never RAM, sorted and disjoint from `ram`.
[[nodiscard]] std::vector<FixedRange> fixed_ranges(const Board& board);

}  // namespace pvh::board
