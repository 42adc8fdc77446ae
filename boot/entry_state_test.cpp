#include "pvh/boot/entry_state.hpp"

#include <gtest/gtest.h>

namespace pvh::boot {
namespace {

const EntryState kEntered = entry_state(GuestAddress{0x1000200}, GuestAddress{0x1000});

TEST(EntryState, PointsEbxAtTheStartInfoAndEipAtTheEntry) {
  const EntryState entered = entry_state(GuestAddress{0xfffffff0}, GuestAddress{0x1000});
  EXPECT_EQ(entered.eip, 0xfffffff0U);
  EXPECT_EQ(entered.ebx, 0x1000U);
}

TEST(EntryState, HasOnlyProtectionOnAndPagingOff) {
  EXPECT_EQ(kEntered.cr0, 0x11U);
  EXPECT_EQ(kEntered.cr4, 0U);
}

TEST(EntryState, HasNoInterruptTrapOrVirtual86Flag) {
  constexpr std::uint32_t kTrap = 1U << 8U;
  constexpr std::uint32_t kInterrupt = 1U << 9U;
  constexpr std::uint32_t kVirtual86 = 1U << 17U;
  EXPECT_EQ(kEntered.eflags & (kTrap | kInterrupt | kVirtual86), 0U);
  EXPECT_EQ(kEntered.eflags, 0x2U);
}

/// What the CPU makes of an attribute word.
std::uint32_t type_of(const SegmentState& segment) {
  return segment.attributes & 0xfU;
}
bool is_code_or_data(const SegmentState& segment) {
  return (segment.attributes & 0x10U) != 0;
}
bool is_present(const SegmentState& segment) {
  return (segment.attributes & 0x80U) != 0;
}
bool is_64_bit(const SegmentState& segment) {
  return (segment.attributes & 0x2000U) != 0;
}
bool is_32_bit(const SegmentState& segment) {
  return (segment.attributes & 0x4000U) != 0;
}
bool counts_pages(const SegmentState& segment) {
  return (segment.attributes & 0x8000U) != 0;
}

TEST(EntryState, HasFlatSegments) {
  EXPECT_EQ(type_of(kEntered.cs), 0xbU);
  EXPECT_EQ(type_of(kEntered.data), 0x3U);
  for (const SegmentState& segment : {kEntered.cs, kEntered.data}) {
    EXPECT_TRUE(is_code_or_data(segment));
    EXPECT_TRUE(is_present(segment));
    EXPECT_TRUE(is_32_bit(segment));
    EXPECT_FALSE(is_64_bit(segment));
    EXPECT_TRUE(counts_pages(segment));
    EXPECT_EQ(segment.base, 0U);
    EXPECT_EQ(segment.limit, 0xffffffffU);
    EXPECT_NE(segment.selector, 0U);
  }
}

TEST(EntryState, HasAnActive32BitTaskState) {
  EXPECT_EQ(type_of(kEntered.tr), 0xbU);
  EXPECT_FALSE(is_code_or_data(kEntered.tr));
  EXPECT_TRUE(is_present(kEntered.tr));
  EXPECT_FALSE(counts_pages(kEntered.tr));
  EXPECT_EQ(kEntered.tr.base, 0U);
  EXPECT_EQ(kEntered.tr.limit, 0x67U);
}

}  // namespace
}  // namespace pvh::boot
