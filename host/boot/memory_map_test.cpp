#include "memory_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "random.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::boot {
namespace {

using testing::at;

constexpr std::uint32_t kRam = 1;
constexpr std::uint32_t kReserved = 2;
constexpr std::uint32_t kAcpi = 3;
constexpr std::uint32_t kNvs = 4;
constexpr std::uint32_t kPmem = 7;

/// "start-end type name", a line each.
std::string text_of(const std::vector<MapEntry>& map) {
  std::ostringstream out;
  for (const MapEntry& entry : map)
    out << std::hex << entry.range.start().value() << "-" << entry.range.end().value() << " " << std::dec
        << entry.type << " " << entry.name << "\n";
  return out.str();
}

Result<std::vector<MapEntry>> map_with(std::vector<UserRange> user, std::uint64_t memory_size = 64 * kMiB) {
  return memory_map(memory_size, board::fixed_ranges({}), resolve(user));
}

Error refusal(std::vector<UserRange> user) {
  return check_against_board(resolve(user), board::fixed_ranges({})).error();
}

TEST(MemoryMap, OfAPlainGuestIsTheBoards) {
  EXPECT_EQ(text_of(*map_with({}, 5 * kGiB)),
            "0-a0000 1 RAM\n"
            "a0000-e0000 2 legacy video and ROM\n"
            "e0000-f0000 3 ACPI tables\n"
            "f0000-100000 2 boot ROM alias\n"
            "100000-c0000000 1 RAM\n"
            "fea00000-100000000 2 devices and boot ROM\n"
            "100000000-180000000 1 RAM\n");
}

TEST(MemoryMap, HasAHoleWhereTheUserWantsOne) {
  EXPECT_EQ(text_of(*map_with({{kReserved, at(0x1234567, 0x1001)}})),
            "0-a0000 1 RAM\n"
            "a0000-e0000 2 legacy video and ROM\n"
            "e0000-f0000 3 ACPI tables\n"
            "f0000-100000 2 boot ROM alias\n"
            "100000-1234567 1 RAM\n"
            "1234567-1235568 2 reserved\n"
            "1235568-4000000 1 RAM\n"
            "fea00000-100000000 2 devices and boot ROM\n");
}

TEST(MemoryMap, HasRangesOfTheUserBetweenAndAboveTheBoards) {
  const auto map = map_with({{kPmem, at(8 * kGiB, kGiB)}, {42, at(0xd0000000, 0x1000)}});
  const std::string text = text_of(*map);
  EXPECT_NE(text.find("d0000000-d0001000 42 type 42\nfea00000"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("200000000-240000000 7 PMEM\n")) << text;
}

TEST(MemoryMap, LosesAllThatTheUserCovers) {
  const auto map = map_with({{kNvs, at(0x80000, 0x60000)}});
  EXPECT_TRUE(text_of(*map).starts_with("0-80000 1 RAM\n80000-e0000 4 NVS\ne0000-f0000 3 ACPI tables\n"));
}

TEST(MemoryMap, IsNotChangedByRamInsideRam) {
  EXPECT_EQ(text_of(*map_with({{kRam, at(kMiB + 5, kMiB)}})), text_of(*map_with({})));
}

TEST(MemoryMap, GivesRamBackThatALaterRangeCallsSo) {
  EXPECT_EQ(text_of(*map_with({{kReserved, at(2 * kMiB, kMiB)}, {kRam, at(2 * kMiB, kMiB)}})),
            text_of(*map_with({})));
}

TEST(MemoryMap, RefusesRamThatNothingBacks) {
  const auto map = map_with({{kRam, at(63 * kMiB, 2 * kMiB)}});
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().what, Fault::kRamNotBacked);
  EXPECT_EQ(map.error().clause, Clause::kMap5);
  EXPECT_EQ(map.error().thing->range, at(63 * kMiB, 2 * kMiB));
  EXPECT_EQ(map.error().obstacle->size, 64 * kMiB);
}

TEST(MemoryMap, RefusesAnotherNameForTheAcpiTables) {
  const Error error = refusal({{kReserved, at(0xdf000, 0x1001)}});
  EXPECT_EQ(error.what, Fault::kRangeMeetsBoard);
  EXPECT_EQ(error.thing->range, at(0xdf000, 0x1001));
  EXPECT_EQ(error.obstacle->name, "ACPI tables");
  EXPECT_TRUE(check_against_board(resolve(std::vector<UserRange>{{kAcpi, at(0xe0000, 0x1000)}}),
                                  board::fixed_ranges({})));
}

TEST(MemoryMap, RefusesAnotherNameForTheDevices) {
  EXPECT_EQ(refusal({{kPmem, at(0xfec00000, 0x1000)}}).obstacle->name, "devices and boot ROM");
  EXPECT_EQ(refusal({{kPmem, at(0xf0000000, kGiB)}}).obstacle->name, "devices and boot ROM");
}

TEST(MemoryMap, RefusesToCallFirmwaresGroundRam) {
  EXPECT_EQ(refusal({{kRam, at(0, 16 * kMiB)}}).obstacle->name, "legacy video and ROM");
  EXPECT_EQ(refusal({{kRam, at(0xf0000, 0x1000)}}).obstacle->name, "boot ROM alias");
}

TEST(Resolve, LetsTheLaterRangeWin) {
  const auto ranges = resolve(std::vector<UserRange>{
      {kReserved, at(0x1000, 0x5000)}, {kNvs, at(0x3000, 0x1000)}, {kPmem, at(0x5000, 0x3000)}});
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[0].range, at(0x1000, 0x2000));
  EXPECT_EQ(ranges[1].type, kNvs);
  EXPECT_EQ(ranges[2].range, at(0x4000, 0x1000));
  EXPECT_EQ(ranges[2].type, kReserved);
  EXPECT_EQ(ranges[3].range, at(0x5000, 0x3000));
}

TEST(Resolve, AgreesWithPaintingByteByByte) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<UserRange> ranges;
    std::map<std::uint64_t, std::uint32_t> painted;
    for (std::uint64_t i = random.below(12); i > 0; --i) {
      const UserRange user{static_cast<std::uint32_t>(random.below(4)),
                           at(random.below(60), 1 + random.below(20))};
      ranges.push_back(user);
      for (std::uint64_t byte = user.range.start().value(); byte < user.range.end().value(); ++byte)
        painted[byte] = user.type;
    }
    std::map<std::uint64_t, std::uint32_t> resolved;
    std::optional<UserRange> last;
    for (const UserRange& user : resolve(ranges)) {
      if (last) {
        ASSERT_LE(last->range.end(), user.range.start());
        ASSERT_FALSE(last->range.end() == user.range.start() && last->type == user.type) << "unmerged";
      }
      for (std::uint64_t byte = user.range.start().value(); byte < user.range.end().value(); ++byte)
        resolved[byte] = user.type;
      last = user;
    }
    ASSERT_EQ(resolved, painted) << "seed " << seed;
  }
}

TEST(Resolve, TakesAMillionRanges) {
  std::vector<UserRange> ranges;
  for (std::uint64_t i = 0; i < 1000000; ++i)
    ranges.push_back({kReserved, at(16 * kMiB + (i * 7919 % 1000000) * 0x2000, 0x1000)});
  EXPECT_EQ(resolve(ranges).size(), 1000000U);
}

}  // namespace
}  // namespace pvh::boot
