#include "kernel_position.hpp"

#include <gtest/gtest.h>

#include "random.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::boot {
namespace {

using testing::at;

TEST(Positions, ReachFromTheLowestToTheHighestOfEachRange) {
  const auto found = positions(0x3000, {.alignment = 0x1000, .min = 0, .max = 0xffffffff},
                               std::vector{at(0x800, 0x5800), at(0x10000, 0x2fff), at(0x20000, 0x3000)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].first, GuestAddress{0x1000});
  EXPECT_EQ(found[0].count, 3U);
  EXPECT_EQ(found[0].at(2), GuestAddress{0x3000});
  EXPECT_EQ(found[1].first, GuestAddress{0x20000});
  EXPECT_EQ(found[1].count, 1U);
}

TEST(Positions, ObeyTheNotesLimitsToTheByte) {
  const auto count = [](std::uint64_t min, std::uint64_t max) -> std::uint64_t {
    const auto found =
        positions(0x3000, {.alignment = 0x1000, .min = min, .max = max}, std::vector{at(kMiB, kMiB)});
    return found.empty() ? 0 : found[0].count;
  };
  EXPECT_EQ(count(kMiB + 0x1000, kMiB + 0x4fff), 2U);
  EXPECT_EQ(count(kMiB + 0x1001, kMiB + 0x4fff), 1U);
  EXPECT_EQ(count(kMiB + 0x1000, kMiB + 0x4ffe), 1U);
  EXPECT_EQ(count(kMiB + 0x1001, kMiB + 0x4ffe), 0U);
  EXPECT_EQ(count(kMiB, 0), 0U);
}

TEST(Positions, EndAtFourGiBWhateverTheNoteAllows) {
  const auto found = positions(0x1000, {.alignment = 0x1000, .min = 0, .max = UINT64_MAX},
                               std::vector{at(kFourGiB - 0x2000, 0x4000), at(8 * kGiB, kGiB)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].count, 2U);
}

TEST(Positions, DoNotWrapOnTheLargestAlignmentAndSize) {
  const std::vector ram{at(kMiB, kGiB)};
  EXPECT_TRUE(positions(1, {.alignment = std::uint64_t{1} << 63U, .min = 0, .max = UINT64_MAX}, ram).empty());
  EXPECT_TRUE(positions(UINT64_MAX, {.alignment = 1, .min = UINT64_MAX, .max = UINT64_MAX}, ram).empty());
  EXPECT_TRUE(positions(UINT64_MAX, {.alignment = 1, .min = 0, .max = UINT64_MAX}, ram).empty());
}

TEST(Random, GivesTheNumbersThatSplitMix64GivesEverywhere) {
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, FavoursNoNumberAlsoBelowABoundThatDoesNotDivide) {
  // A plain remainder would give half of all numbers, not a third, below 2^62.
  Random random(1);
  int low = 0;
  for (int i = 0; i < 3000; ++i)
    low += random.below(std::uint64_t{3} << 62U) < std::uint64_t{1} << 62U ? 1 : 0;
  EXPECT_GT(low, 900);
  EXPECT_LT(low, 1100);
}

}  // namespace
}  // namespace pvh::boot
