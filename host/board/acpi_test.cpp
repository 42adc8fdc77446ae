#include "pvh/board/acpi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "table_reader.hpp"

namespace pvh::board {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AcpiTables tables_of(const Board& board) {
  return acpi_tables(board).value();
}

std::uint32_t u32(Bytes table, std::uint64_t offset) {
  return read_le<std::uint32_t>(table, offset).value();
}
std::uint64_t u64(Bytes table, std::uint64_t offset) {
  return read_le<std::uint64_t>(table, offset).value();
}
unsigned u8(Bytes table, std::uint64_t offset) {
  return read_le<std::uint8_t>(table, offset).value();
}

constexpr std::uint32_t kHardwareReduced = 1U << 20U;
constexpr std::uint32_t kResetRegisterWorks = 1U << 10U;

/// The MADT's entries by type, in their order, each without its type and length.
std::map<unsigned, std::vector<Bytes>> interrupt_entries(const AcpiTables& tables) {
  std::map<unsigned, std::vector<Bytes>> entries;
  const Bytes madt = find_table(tables, "APIC");
  for (std::uint64_t offset = 44; offset < madt.size(); offset += u8(madt, offset + 1))
    entries[u8(madt, offset)].push_back(slice(madt, offset + 2, u8(madt, offset + 1) - 2U).value());
  return entries;
}

TEST(AcpiTables, StartWithTheRsdpInTheirOwnPlace) {
  const AcpiTables tables = tables_of(Board{});
  EXPECT_EQ(tables.rsdp, kAcpiStart);
  EXPECT_EQ(tables.range, GuestRange::from_size(kAcpiStart, kAcpiSize));
  EXPECT_TRUE(as_text(tables.bytes).starts_with("RSD PTR "));
}

TEST(AcpiTables, AreReachedFromTheRsdpAndSumToZero) {
  for (const bool timer : {false, true}) {
    const AcpiTables tables = tables_of(Board{.cpus = 2, .virtio_devices = 1, .interval_timer = timer});
    const Bytes rsdp = at(tables, tables.rsdp.value());
    EXPECT_EQ(sum(rsdp.first(20)), 0U);
    EXPECT_EQ(sum(rsdp.first(36)), 0U);
    EXPECT_EQ(u8(rsdp, 15), 2U) << "the RSDP's revision";
    EXPECT_TRUE(as_text(xsdt_of(tables)).starts_with("XSDT"));
    EXPECT_EQ(sum(xsdt_of(tables)), 0U);
    for (const auto* signature : {"FACP", "APIC", "DSDT"}) {
      const Bytes table = find_table(tables, signature);
      ASSERT_FALSE(table.empty()) << signature;
      EXPECT_EQ(sum(table), 0U) << signature;
    }
  }
}

TEST(AcpiTables, OfTheLargestMachineFitTheirPlace) {
  const AcpiTables tables = tables_of(Board{.cpus = kMaxCpus, .virtio_devices = kMaxVirtioDevices});
  EXPECT_LE(tables.bytes.size(), tables.range.size());
  EXPECT_EQ(sum(find_table(tables, "APIC")), 0U);
}

TEST(AcpiTables, RefuseAMachineWithoutCpusOrWithMoreThanTheyDescribe) {
  for (const std::uint32_t cpus : {0U, kMaxCpus + 1, UINT32_MAX}) {
    const auto tables = acpi_tables(Board{.cpus = cpus});
    ASSERT_FALSE(tables);
    EXPECT_EQ(tables.error().what, Fault::kCpuCount);
    EXPECT_EQ(tables.error().found, Fact{std::uint64_t{cpus}});
  }
}

TEST(AcpiTables, RefuseMoreDevicesThanThereAreSlots) {
  const auto tables = acpi_tables(Board{.virtio_devices = kMaxVirtioDevices + 1});
  ASSERT_FALSE(tables);
  EXPECT_EQ(tables.error().what, Fault::kTooManyVirtioDevices);
  EXPECT_EQ(tables.error().wanted, Fact{std::uint64_t{kMaxVirtioDevices}});
}

TEST(Fadt, IsHardwareReducedOnlyWithoutAnIntervalTimer) {
  const AcpiTables with = tables_of(Board{.interval_timer = true});
  const AcpiTables without = tables_of(Board{.interval_timer = false});
  EXPECT_FALSE(u32(find_table(with, "FACP"), 112) & kHardwareReduced);
  EXPECT_TRUE(u32(find_table(without, "FACP"), 112) & kHardwareReduced);
  EXPECT_FALSE(find_table(with, "FACS").empty());
  EXPECT_TRUE(find_table(without, "FACS").empty());
}

TEST(Fadt, PowersOffAndResetsByTheEventDevicesRegisters) {
  for (const bool timer : {false, true}) {
    const AcpiTables tables = tables_of(Board{.interval_timer = timer});
    const Bytes fadt = find_table(tables, "FACP");
    ASSERT_EQ(fadt.size(), 276U);
    EXPECT_TRUE(u32(fadt, 112) & kResetRegisterWorks);
    EXPECT_EQ(u64(fadt, 120), kResetRegister.value());
    EXPECT_EQ(u8(fadt, 128), kResetValue);
    EXPECT_EQ(u64(fadt, 248), kSleepControl.value());
    EXPECT_EQ(u64(fadt, 260), kSleepStatus.value());
  }
}

TEST(Fadt, LetsTheUpperHalfOfPm1ControlFallOnSleepControl) {
  const AcpiTables tables = tables_of(Board{.interval_timer = true});
  const Bytes fadt = find_table(tables, "FACP");
  EXPECT_EQ(u8(fadt, 172), 0U) << "in memory";
  EXPECT_EQ(u8(fadt, 173), 16U) << "bits";
  EXPECT_EQ(u64(fadt, 176) + 1, kSleepControl.value());
  // What ACPI writes to power off through either register: type in bits 10 to 12 or 2 to 4, enable in 13
  // or 5.
  EXPECT_EQ((kSleepTypeOff << 10U | 1U << 13U) >> 8U, kSleepTypeOff << 2U | 1U << 5U);
}

TEST(Fadt, KeepsPm1EventsInMemoryThatRemembers) {
  const AcpiTables tables = tables_of(Board{.interval_timer = true});
  const std::uint64_t events = u64(find_table(tables, "FACP"), 152);
  const Bytes cell = at(tables, events);
  ASSERT_GE(cell.size(), 4U);
  EXPECT_EQ(u32(cell, 0), 0U);
}

TEST(Madt, HasALocalApicForEachCpu) {
  const AcpiTables tables = tables_of(Board{.cpus = 3});
  const auto entries = interrupt_entries(tables);
  ASSERT_EQ(entries.at(0).size(), 3U);
  for (std::uint64_t id = 0; id < 3; ++id) {
    EXPECT_EQ(u8(entries.at(0)[id], 1), id);
    EXPECT_EQ(u32(entries.at(0)[id], 2), 1U) << "enabled";
  }
  EXPECT_FALSE(entries.contains(9));
}

TEST(Madt, GoesOnWithX2ApicsWhereAnIdNeedsMoreThanEightBits) {
  EXPECT_FALSE(interrupt_entries(tables_of(Board{.cpus = 255})).contains(9));
  const AcpiTables tables = tables_of(Board{.cpus = 257});
  const auto entries = interrupt_entries(tables);
  EXPECT_EQ(entries.at(0).size(), 255U);
  ASSERT_EQ(entries.at(9).size(), 2U);
  EXPECT_EQ(u32(entries.at(9)[0], 2), 255U);
  EXPECT_EQ(u32(entries.at(9)[1], 2), 256U);
  EXPECT_EQ(entries.at(10).size(), 1U) << "the NMI of x2APICs";
}

TEST(Madt, NamesBothIoApics) {
  const AcpiTables tables = tables_of(Board{});
  const auto entries = interrupt_entries(tables);
  const auto& io_apics = entries.at(1);
  ASSERT_EQ(io_apics.size(), 2U);
  EXPECT_EQ(u32(io_apics[0], 2), kIoApicAddress.value());
  EXPECT_EQ(u32(io_apics[0], 6), 0U);
  EXPECT_EQ(u32(io_apics[1], 2), kSecondIoApicAddress.value());
  EXPECT_EQ(u32(io_apics[1], 6), kSecondIoApicBase);
}

TEST(Madt, SaysWhereTheTimersInterruptGoes) {
  const auto overridden = [](const AcpiTables& tables) {
    std::vector<std::pair<unsigned, std::uint32_t>> out;
    const auto entries = interrupt_entries(tables);
    for (const Bytes entry : entries.at(2)) out.emplace_back(u8(entry, 1), u32(entry, 2));
    return out;
  };
  EXPECT_THAT(overridden(tables_of(Board{.interval_timer = true})),
              ElementsAre(std::pair(0U, 2U), std::pair(9U, 9U), std::pair(10U, 10U)));
  EXPECT_THAT(overridden(tables_of(Board{.interval_timer = false})), ElementsAre(std::pair(9U, 9U)));
}

TEST(Madt, OwnsUpToPicsOnlyWhereThereIsATimerBehindThem) {
  const AcpiTables with = tables_of(Board{.interval_timer = true});
  const AcpiTables without = tables_of(Board{.interval_timer = false});
  EXPECT_EQ(u32(find_table(with, "APIC"), 40), 1U);
  EXPECT_EQ(u32(find_table(without, "APIC"), 40), 0U);
}

TEST(Dsdt, HasANodeForEachVirtioDeviceAndNoOther) {
  const AcpiTables none = tables_of(Board{});
  EXPECT_EQ(as_text(find_table(none, "DSDT")).find("LNRO0005"), std::string_view::npos);

  const AcpiTables two = tables_of(Board{.virtio_devices = 2});
  const std::string_view text = as_text(find_table(two, "DSDT"));
  EXPECT_EQ(text.find("VR00"), std::string_view::npos) << "slot 0's interrupt never arrives";
  EXPECT_NE(text.find("VR01"), std::string_view::npos);
  EXPECT_NE(text.find("VR02"), std::string_view::npos);
  EXPECT_EQ(text.find("VR03"), std::string_view::npos);
}

TEST(Dsdt, HasItsSleepPackageWhereAScannerForItLooks) {
  const AcpiTables tables = tables_of(Board{});
  const std::string_view text = as_text(find_table(tables, "DSDT"));
  const std::size_t found = text.find("_S5_");
  ASSERT_NE(found, std::string_view::npos);
  EXPECT_EQ(text[found - 1], '\x08') << "NameOp before it";
  EXPECT_EQ(text.substr(found + 4, 5), std::string_view("\x12\x07\x04\x0a\x05"));
}

}  // namespace
}  // namespace pvh::board
