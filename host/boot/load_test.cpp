#include "pvh/boot/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "testing/page_memory.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::boot {
namespace {

using testing::at;
using testing::PageMemory;

Region region(std::uint64_t start, std::uint64_t size, Origin origin, Bytes bytes) {
  return {
      .name = "thing", .range = at(start, size), .content = {.origin = origin, .index = 0, .bytes = bytes}};
}

BootPlan plan_of(std::vector<Region> regions) {
  BootPlan plan;
  plan.regions = std::move(regions);
  return plan;
}

std::string text(std::span<const std::byte> memory, std::size_t from, std::size_t size) {
  return std::string(as_text(memory.subspan(from, size)));
}

TEST(SpanMemory, WritesAcrossPiecesThatAreNeighboursInAnyOrder) {
  std::vector<std::byte> low(4);
  std::vector<std::byte> high(4);
  SpanMemory memory(std::vector<MemoryPiece>{{at(0x1004, 4), high}, {at(0x1000, 4), low}});
  EXPECT_TRUE(memory.write(GuestAddress{0x1002}, as_bytes("abcd")));
  EXPECT_EQ(text(low, 2, 2), "ab");
  EXPECT_EQ(text(high, 0, 2), "cd");
  EXPECT_TRUE(memory.zero(at(0x1003, 2)));
  EXPECT_EQ(text(low, 2, 2), std::string("a\0", 2));
  EXPECT_EQ(text(high, 0, 2), std::string("\0d", 2));
}

TEST(SpanMemory, HasNothingOutsideItsPieces) {
  std::vector<std::byte> host(0x100);
  SpanMemory memory{std::span<std::byte>(host)};
  EXPECT_TRUE(memory.write(GuestAddress{0xfe}, as_bytes("ab")));
  EXPECT_FALSE(memory.write(GuestAddress{0xff}, as_bytes("ab")));
  EXPECT_FALSE(memory.write(GuestAddress{UINT64_MAX}, as_bytes("ab")));
  EXPECT_FALSE(memory.zero(at(0x100, 1)));
}

TEST(SpanMemory, DoesNotPassTheHostsBytesWhereThePieceClaimsMore) {
  std::vector<std::byte> host(4);
  SpanMemory memory(std::vector<MemoryPiece>{{at(0, 0x1000), host}});
  EXPECT_FALSE(memory.write(GuestAddress{2}, as_bytes("abc")));
}

TEST(SpanMemory, OfNothingIsNoMemory) {
  SpanMemory memory{std::span<std::byte>{}};
  EXPECT_FALSE(memory.write(GuestAddress{0}, as_bytes("a")));
  EXPECT_TRUE(memory.write(GuestAddress{0}, {}));
}

TEST(Load, WritesBytesAndThenZerosOverWhatWasThere) {
  std::vector<std::byte> host(0x1000, std::byte{0xff});
  SpanMemory memory{std::span<std::byte>(host)};
  ASSERT_TRUE(load(
      plan_of({region(0x100, 8, Origin::kKernel, as_bytes("code")), region(0x200, 4, Origin::kZeros, {})}),
      memory, Before::kAnything));
  EXPECT_EQ(text(host, 0x100, 9), std::string("code\0\0\0\0\xff", 9));
  EXPECT_EQ(text(host, 0x1ff, 6), std::string("\xff\0\0\0\0\xff", 6));
}

TEST(Load, LeavesFreshMemoryAloneWhereItShallBeZero) {
  PageMemory memory(board::backing(kGiB));
  std::vector<std::byte> made(8 * kPageSize);
  made[5 * kPageSize] = std::byte{1};
  ASSERT_TRUE(load(
      plan_of({region(0x1000, made.size(), Origin::kMade, made), region(kMiB, 500 * kMiB, Origin::kZeros, {}),
               region(600 * kMiB, 100 * kMiB, Origin::kKernel, as_bytes("text"))}),
      memory, Before::kZeros));
  EXPECT_EQ(memory.pages(), 2U);
  EXPECT_EQ(memory.byte(0x1000 + 5 * kPageSize), std::byte{1});
  EXPECT_EQ(memory.byte(600 * kMiB), std::byte{'t'});
}

TEST(Load, NamesTheRegionThatIsNotMemory) {
  std::vector<std::byte> host(0x1000);
  for (const Before before : {Before::kZeros, Before::kAnything}) {
    SpanMemory memory{std::span<std::byte>(host)};
    const auto loaded = load(plan_of({region(0xfff, 2, Origin::kMade, as_bytes("ab"))}), memory, before);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().what, Fault::kRegionNotMemory);
    EXPECT_EQ(loaded.error().thing->name, "thing");
    EXPECT_EQ(loaded.error().thing->range, at(0xfff, 2));
  }
}

TEST(Load, NamesTheRegionOfZerosThatIsNotMemory) {
  std::vector<std::byte> host(0x1000);
  SpanMemory memory{std::span<std::byte>(host)};
  EXPECT_FALSE(load(plan_of({region(0xfff, 2, Origin::kZeros, {})}), memory, Before::kAnything));
}

}  // namespace
}  // namespace pvh::boot
