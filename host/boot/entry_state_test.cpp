#include "pvh/boot/entry_state.hpp"

#include <gtest/gtest.h>

#include "pvh/base/bytes.hpp"

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

TEST(Descriptor, IsWhatTheProcessorsManualsShow) {
  EXPECT_EQ(descriptor(kEntered.cs), 0x00cf9b000000ffffU) << "flat 32-bit code, accessed";
  EXPECT_EQ(descriptor(kEntered.data), 0x00cf93000000ffffU) << "flat data, accessed";
  EXPECT_EQ(descriptor(kEntered.tr), 0x00008b0000000067U) << "a busy TSS of 104 bytes";
  EXPECT_EQ(descriptor({.selector = 8, .base = 0x12345678, .limit = 0xabcde, .attributes = 0x4093}),
            0x124a93345678bcdeU)
      << "base and limit in their pieces";
}

TEST(DescriptorTable, HasEachSegmentWhereItsSelectorPoints) {
  const auto table = descriptor_table(kEntered);
  ASSERT_EQ(table.size(), 32U);
  EXPECT_EQ(read_le<std::uint64_t>(table, 0), 0U);
  for (const SegmentState& segment : {kEntered.cs, kEntered.data, kEntered.tr})
    EXPECT_EQ(read_le<std::uint64_t>(table, segment.selector), descriptor(segment));
}

}  // namespace
}  // namespace pvh::boot
