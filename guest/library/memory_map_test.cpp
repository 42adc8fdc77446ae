#include "pvh/guest/memory_map.hpp"

#include "reference_map.hpp"
#include "test_harness.hpp"
#include "test_memory.hpp"

namespace pvh::guest {
namespace {

constexpr uint32_t kRam = XEN_HVM_MEMMAP_TYPE_RAM;
constexpr uint32_t kReserved = XEN_HVM_MEMMAP_TYPE_RESERVED;
constexpr uint32_t kAcpi = XEN_HVM_MEMMAP_TYPE_ACPI;
constexpr uint32_t kNvs = XEN_HVM_MEMMAP_TYPE_NVS;
constexpr uint64_t kTable = 0x1000;

struct Random {
  uint64_t state;
  uint64_t operator()(uint64_t below) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state % below;
  }
};

std::vector<MapRange> normalised(const std::vector<MapRange>& ranges) {
  std::vector<MapRange> storage = ranges;
  storage.resize(storage_for(ranges.size()));
  const auto count = normalise(storage.data(), storage.size(), ranges.size());
  if (!count) return {{0, 0, 0xdead, 0}};
  storage.resize(*count);
  return storage;
}

TestMemory table_of(const std::vector<MapEntry>& entries) {
  TestMemory memory;
  memory.add(kTable, 24 * entries.size() + 1);
  for (std::size_t i = 0; i < entries.size(); ++i)
    put_entry(memory, kTable + 24 * i, entries[i].addr, entries[i].size, entries[i].type,
              entries[i].reserved);
  return memory;
}

std::vector<MapRange> collected(TestMemory& memory, std::size_t entries) {
  std::vector<MapRange> storage(entries);
  const MemoryMap map(memory.accessor(), kTable, static_cast<uint32_t>(entries));
  const auto count = map.collect(storage.data(), storage.size());
  storage.resize(count ? *count : 0);
  return storage;
}

std::vector<MapRange> scanned(TestMemory& memory, std::size_t entries) {
  const MemoryMap map(memory.accessor(), kTable, static_cast<uint32_t>(entries));
  std::vector<MapRange> result;
  for (auto range = map.from(0); range; range = map.after(*range)) result.push_back(*range);
  return result;
}

TEST(Normalise, NothingIsNothing) {
  EXPECT_TRUE(normalised({}).empty());
}

TEST(Normalise, RamLosesToWhateverOverlapsIt) {
  for (const uint32_t other : {kReserved, kAcpi, kNvs, 0u, 7u, 8u, UINT32_MAX}) {
    EXPECT_TRUE(
        same_ranges(normalised({{0x1000, 0x8fff, kRam, 0}, {0x3000, 0x4fff, other, 0}}),
                    {{0x1000, 0x2fff, kRam, 0}, {0x3000, 0x4fff, other, 0}, {0x5000, 0x8fff, kRam, 0}}));
    EXPECT_TRUE(same_ranges(normalised({{0x3000, 0x4fff, kRam, 0}, {0x1000, 0x8fff, other, 0}}),
                            {{0x1000, 0x8fff, other, 0}}));
  }
}

TEST(Normalise, MergesNeighboursOfOneTypeOnly) {
  EXPECT_TRUE(
      same_ranges(normalised({{0x2000, 0x2fff, kRam, 0}, {0x1000, 0x1fff, kRam, 0}, {0x3000, 0x3fff, 9, 0}}),
                  {{0x1000, 0x2fff, kRam, 0}, {0x3000, 0x3fff, 9, 0}}));
}

TEST(Normalise, WhatMayBeUsedSoonerLoses) {
  // RAM, ACPI (RAM later), PMEM, then by number; an unknown type beats all known ones.
  const std::vector<uint32_t> order = {1, 3, 7, 0, 2, 4, 5, 6, 8, 4096, UINT32_MAX};
  for (std::size_t weak = 0; weak < order.size(); ++weak)
    for (std::size_t strong = weak + 1; strong < order.size(); ++strong)
      EXPECT_TRUE(same_ranges(normalised({{5, 9, order[weak], 0}, {5, 9, order[strong], 0}}),
                              {{5, 9, order[strong], 0}}));
}

TEST(Normalise, ReachesTheTopOfTheAddressSpace) {
  EXPECT_TRUE(same_ranges(normalised({{0, UINT64_MAX, kRam, 0}, {UINT64_MAX, UINT64_MAX, kNvs, 0}}),
                          {{0, UINT64_MAX - 1, kRam, 0}, {UINT64_MAX, UINT64_MAX, kNvs, 0}}));
  EXPECT_TRUE(same_ranges(normalised({{UINT64_MAX, UINT64_MAX, kRam, 0}, {0, UINT64_MAX, kRam, 0}}),
                          {{0, UINT64_MAX, kRam, 0}}));
  EXPECT_EQ(size_of({0, UINT64_MAX, kRam, 0}), UINT64_MAX);
  EXPECT_EQ(size_of({4096, 8191, kRam, 0}), 4096u);
}

TEST(Normalise, XensOverlapOfNvsAndRamLeavesNvs) {
  // libxl: RAM to the hole, ACPI information inside it, and nothing in order.
  EXPECT_TRUE(same_ranges(
      normalised(
          {{0x100000000, 0x1ffffffff, kRam, 0}, {0xfc000000, 0xfc008fff, kNvs, 0}, {0, 0xfc000fff, kRam, 0}}),
      {{0, 0xfbffffff, kRam, 0}, {0xfc000000, 0xfc008fff, kNvs, 0}, {0x100000000, 0x1ffffffff, kRam, 0}}));
}

TEST(Normalise, TooLittleStorageIsAnErrorAndNothingIsLost) {
  std::vector<MapRange> storage = {{0, 99, kRam, 0}, {10, 19, kNvs, 0}, {}, {}};
  const auto count = normalise(storage.data(), storage.size(), 2);
  EXPECT_TRUE(count.is_broken() && count.error().clause == Clause::kMap4);
  EXPECT_TRUE(normalise(storage.data(), 1, 2).is_broken());
}

TEST(Normalise, AgreesWithTheSlowReferenceOnRandomMaps) {
  Random random{88172645463325252U};
  for (int round = 0; round < 3000; ++round) {
    const uint64_t span = random(2) == 0 ? 24 : 100000;
    std::vector<MapRange> ranges(random(14));
    for (auto& range : ranges) {
      range.first = random(span);
      range.last = range.first + random(span / 2);
      if (random(20) == 0) range.last = UINT64_MAX;
      range.type = static_cast<uint32_t>(random(10));
    }
    const auto result = normalised(ranges);
    ASSERT_TRUE(same_ranges(result, reference_normalise(ranges)));
  }
}

TEST(Normalise, TakesAnyOrderOfManyEntries) {
  constexpr std::size_t kCount = 100000;
  Random random{2463534242U};
  std::vector<MapRange> ranges(kCount);
  for (std::size_t i = 0; i < kCount; ++i) ranges[i] = {i * 0x2000, i * 0x2000 + 0xfff, kRam, 0};
  const auto sorted = ranges;
  EXPECT_TRUE(same_ranges(normalised(ranges), sorted));
  std::reverse(ranges.begin(), ranges.end());
  EXPECT_TRUE(same_ranges(normalised(ranges), sorted));
  for (std::size_t i = kCount; i > 1; --i) std::swap(ranges[i - 1], ranges[random(i)]);
  EXPECT_TRUE(same_ranges(normalised(ranges), sorted));
  // Organ pipe and all-equal orders, which make simple quicksorts quadratic.
  for (std::size_t i = 0; i < kCount; ++i) ranges[i] = sorted[i % 2 == 0 ? i / 2 : kCount - 1 - i / 2];
  EXPECT_TRUE(same_ranges(normalised(ranges), sorted));
  for (auto& range : ranges) range = sorted[7];
  EXPECT_TRUE(same_ranges(normalised(ranges), {sorted[7]}));
}

TEST(Normalise, NestedRangesNeedAllOfTheStorageAndNoMore) {
  // Each inside the one before and stronger: 2n - 1 pieces.
  constexpr uint32_t kCount = 5000;
  std::vector<MapRange> ranges;
  for (uint32_t i = 0; i < kCount; ++i) ranges.push_back({i, 4 * kCount - i, 100 + i, 0});
  const auto result = normalised(ranges);
  ASSERT_EQ(result.size(), 2 * kCount - 1);
  EXPECT_EQ(result[kCount - 1].type, 100 + kCount - 1);
  for (std::size_t i = 1; i < result.size(); ++i) EXPECT_EQ(result[i - 1].last + 1, result[i].first);
}

TEST(Normalise, AKernelMayAddItsOwnReservations) {
  std::vector<MapRange> storage(storage_for(2));
  storage[0] = {0, 0x9ffff, kRam, 0};
  storage[1] = {0x6000, 0x6037, 0x80000000, 0};  // its start info
  const auto count = normalise(storage.data(), storage.size(), 2);
  ASSERT_TRUE(count);
  ASSERT_EQ(*count, 3u);
  EXPECT_EQ(storage[2].first, 0x6038u);
}

TEST(MemoryMap, GivesRawEntriesInTheirOrder) {
  auto memory = table_of({{0x200000, 1, 9, 5}, {0x100000, 0, 0, 0}, {UINT64_MAX, UINT64_MAX, UINT32_MAX, 0}});
  const MemoryMap map(memory.accessor(), kTable, 3);
  EXPECT_EQ(map.entry(0)->addr, 0x200000u);
  EXPECT_EQ(map.entry(0)->reserved, 5u);
  EXPECT_EQ(map.entry(1)->size, 0u);
  EXPECT_EQ(map.entry(2)->type, UINT32_MAX);
  EXPECT_TRUE(map.entry(3).is_absent());
}

TEST(MemoryMap, DropsEmptyEntriesAndDoesNotBelieveRamThatWraps) {
  auto memory = table_of({{0x1000, 0, 0, 0},
                          {0x2000, UINT64_MAX, kRam, 0},
                          {0x3000, UINT64_MAX, kReserved, 0},
                          {UINT64_MAX, 1, kRam, 0}});
  EXPECT_TRUE(same_ranges(collected(memory, 4),
                          {{0x3000, UINT64_MAX, kReserved, 0}, {UINT64_MAX, UINT64_MAX, kRam, 0}}));
}

TEST(MemoryMap, StopsWithAnErrorWhereTheTableCannotBeRead) {
  auto memory = table_of(std::vector<MapEntry>(21, {0x1000, 0x1000, kRam, 0}));
  std::vector<MapRange> storage(100);
  const MemoryMap map(memory.accessor(), kTable, 22);
  EXPECT_TRUE(map.entry(20));
  EXPECT_TRUE((map.entry(21).error() == Error{Clause::kStart8, Fault::kUnreadable, kTable + 24 * 21, 24}));
  EXPECT_TRUE((map.collect(storage.data(), 100).error() == map.entry(21).error()));
  EXPECT_TRUE(map.from(0).is_broken());
}

TEST(MemoryMap, SaysWhenTheCallersTableIsTooSmall) {
  auto memory = table_of(std::vector<MapEntry>(5, {0x1000, 0x1000, kRam, 0}));
  std::vector<MapRange> storage(4);
  const MemoryMap map(memory.accessor(), kTable, 5);
  EXPECT_TRUE(map.collect(storage.data(), 4).error().fault == Fault::kStorageTooSmall);
}

TEST(MemoryMap, TheScanWithoutStorageGivesTheSameRanges) {
  Random random{123456789U};
  for (int round = 0; round < 600; ++round) {
    std::vector<MapEntry> entries(random(12));
    for (auto& entry : entries) {
      entry.addr = random(60);
      entry.size = random(30);
      if (random(15) == 0) entry.size = UINT64_MAX - random(60);
      entry.type = static_cast<uint32_t>(random(10));
      entry.reserved = static_cast<uint32_t>(random(3));
    }
    auto memory = table_of(entries);
    ASSERT_TRUE(same_ranges(scanned(memory, entries.size()), normalised(collected(memory, entries.size()))));
  }
}

TEST(MemoryMap, TheScanStartsInsideARangeWhereItIsAsked) {
  auto memory = table_of({{0x1000, 0x1000, kRam, 0}});
  const MemoryMap map(memory.accessor(), kTable, 1);
  EXPECT_EQ(map.from(0x1800)->first, 0x1800u);
  EXPECT_EQ(map.from(0x1800)->last, 0x1fffu);
  EXPECT_TRUE(map.from(0x2000).is_absent());
}

}  // namespace
}  // namespace pvh::guest
