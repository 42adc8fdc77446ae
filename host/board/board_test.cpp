#include "pvh/board/board.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pvh::board {
namespace {

constexpr std::uint32_t kReserved = 2;
constexpr std::uint32_t kAcpi = 3;

GuestRange ends(std::uint64_t start, std::uint64_t end) {
  return GuestRange::from_ends(GuestAddress{start}, GuestAddress{end}).value();
}

TEST(Backing, OfASmallGuestIsOnePieceFromZero) {
  const auto pieces = backing(512 * kMiB);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].range, ends(0, 512 * kMiB));
  EXPECT_EQ(pieces[0].offset, 0U);
}

TEST(Backing, GoesOnAtFourGiBWithWhatTheHoleLeaves) {
  const auto pieces = backing(5 * kGiB);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].range, ends(0, 3 * kGiB));
  EXPECT_EQ(pieces[1].range, ends(4 * kGiB, 6 * kGiB));
  EXPECT_EQ(pieces[1].offset, 3 * kGiB);
}

TEST(Backing, OfExactlyThreeGiBHasNothingAboveTheHole) {
  EXPECT_EQ(backing(3 * kGiB).size(), 1U);
  ASSERT_EQ(backing(3 * kGiB + kPageSize).size(), 2U);
  EXPECT_EQ(backing(3 * kGiB + kPageSize)[1].range, ends(4 * kGiB, 4 * kGiB + kPageSize));
}

TEST(Backing, OfNoMemoryIsNothing) {
  EXPECT_TRUE(backing(0).empty());
  EXPECT_TRUE(ram(0).empty());
}

TEST(Ram, LeavesOutTheHoleBelowOneMiB) {
  EXPECT_EQ(ram(16 * kMiB), (std::vector{ends(0, 640 * kKiB), ends(kMiB, 16 * kMiB)}));
}

TEST(Ram, AppearsAboveFourGiB) {
  EXPECT_EQ(ram(kTiB), (std::vector{ends(0, 640 * kKiB), ends(kMiB, 3 * kGiB), ends(4 * kGiB, kTiB + kGiB)}));
}

TEST(Ram, OfAGuestThatEndsInTheHoleIsConventionalMemoryOnly) {
  EXPECT_EQ(ram(512 * kKiB), (std::vector{ends(0, 512 * kKiB)}));
  EXPECT_EQ(ram(kMiB), (std::vector{ends(0, 640 * kKiB)}));
}

TEST(Ram, IsBackedWhereverItIs) {
  for (const std::uint64_t size : {64 * kKiB, kMiB, 16 * kMiB, 3 * kGiB, 5 * kGiB, kTiB}) {
    const auto pieces = backing(size);
    for (const GuestRange& range : ram(size))
      EXPECT_TRUE(
          std::ranges::any_of(pieces, [&](const Backing& piece) { return piece.range.contains(range); }));
  }
}

TEST(FixedRanges, GiveTheAcpiTablesTheirOwnPlace) {
  const auto ranges = fixed_ranges(Board{});
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[0].range, ends(640 * kKiB, 0xe0000));
  EXPECT_EQ(ranges[0].type, kReserved);
  EXPECT_EQ(ranges[1].range, ends(0xe0000, 0xf0000));
  EXPECT_EQ(ranges[1].type, kAcpi);
  EXPECT_EQ(ranges[2].range, ends(0xf0000, kMiB));
  EXPECT_EQ(ranges[2].type, kReserved);
  EXPECT_EQ(ranges[3].range, ends(0xfea00000, 4 * kGiB));
  EXPECT_EQ(ranges[3].type, kReserved);
}

TEST(FixedRanges, CallNothingAcpiWhereThereAreNoTables) {
  const auto ranges = fixed_ranges(Board{.acpi = false});
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].range, ends(640 * kKiB, kMiB));
  EXPECT_TRUE(std::ranges::all_of(ranges, [](const FixedRange& range) { return range.type == kReserved; }));
}

TEST(FixedRanges, AreSortedAndNeverRam) {
  for (const bool acpi : {false, true}) {
    const auto ranges = fixed_ranges(Board{.acpi = acpi});
    for (std::size_t i = 1; i < ranges.size(); ++i)
      EXPECT_LE(ranges[i - 1].range.end(), ranges[i].range.start());
    for (const FixedRange& fixed : ranges)
      for (const GuestRange& range : ram(kTiB)) EXPECT_FALSE(fixed.range.overlaps(range)) << fixed.name;
  }
}

TEST(FixedRanges, CoverEveryDeviceOfTheBoard) {
  const auto ranges = fixed_ranges(Board{});
  for (const GuestAddress device : {kIoApicAddress, kSecondIoApicAddress, kLocalApicAddress, kEventDevice,
                                    kSleepControl, kSleepStatus, kResetRegister, kVirtioWindow})
    EXPECT_TRUE(ranges.back().range.contains(device)) << device.value();
}

}  // namespace
}  // namespace pvh::board
