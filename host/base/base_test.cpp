#include <gtest/gtest.h>

#include <array>

#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh {
namespace {

TEST(GuestRange, IsNeverEmpty) {
  EXPECT_FALSE(GuestRange::from_size(GuestAddress{0x1000}, 0));
  EXPECT_FALSE(GuestRange::from_ends(GuestAddress{0x1000}, GuestAddress{0x1000}));
}

TEST(GuestRange, NeverWrapsOrPassesTheLastAddress) {
  EXPECT_FALSE(GuestRange::from_size(GuestAddress{0x1000}, UINT64_MAX));
  EXPECT_FALSE(GuestRange::from_size(GuestAddress{UINT64_MAX}, 1));
  EXPECT_FALSE(GuestRange::from_size(GuestAddress{kAddressLimit - 1}, 2));
  EXPECT_TRUE(GuestRange::from_size(GuestAddress{kAddressLimit - 1}, 1));
}

TEST(GuestRange, EndsAreExclusive) {
  const auto range = GuestRange::from_ends(GuestAddress{0x1000}, GuestAddress{0x3000}).value();
  EXPECT_EQ(range.size(), 0x2000U);
  EXPECT_TRUE(range.contains(GuestAddress{0x2fff}));
  EXPECT_FALSE(range.contains(GuestAddress{0x3000}));
  EXPECT_EQ(range.last(), GuestAddress{0x2fff});
}

TEST(GuestRange, NeighboursDoNotOverlap) {
  const auto low = GuestRange::from_size(GuestAddress{0x1000}, 0x1000).value();
  const auto high = GuestRange::from_size(GuestAddress{0x2000}, 0x1000).value();
  EXPECT_FALSE(low.overlaps(high));
  EXPECT_TRUE(low.overlaps(low));
}

TEST(AlignUp, SaysWhereItWouldWrap) {
  EXPECT_EQ(align_up(1, 4096), 4096U);
  EXPECT_EQ(align_up(4096, 4096), 4096U);
  EXPECT_FALSE(align_up(UINT64_MAX, 4096));
}

TEST(ReadLe, ReadsLittleEndianAtAnyAlignment) {
  const std::array<std::byte, 5> bytes{std::byte{0xff}, std::byte{1}, std::byte{2}, std::byte{3},
                                       std::byte{4}};
  EXPECT_EQ(read_le<std::uint32_t>(bytes, 1), 0x04030201U);
}

TEST(ReadLe, ReadsNothingThatLiesOutside) {
  const std::array<std::byte, 4> bytes{};
  EXPECT_FALSE(read_le<std::uint32_t>(bytes, 1));
  EXPECT_FALSE(read_le<std::uint32_t>(bytes, UINT64_MAX));
  EXPECT_FALSE(slice(bytes, 2, UINT64_MAX));
}

TEST(ClauseId, NamesTheFirstAndTheLast) {
  EXPECT_EQ(clause_id(Clause::kNone), "");
  EXPECT_EQ(clause_id(Clause::kNote2), "NOTE-2");
  EXPECT_EQ(clause_id(Clause::kStart8), "START-8");
  EXPECT_EQ(clause_id(Clause::kCpu6), "CPU-6");
  EXPECT_EQ(clause_id(Clause::kCons4), "CONS-4");
}

}  // namespace
}  // namespace pvh
