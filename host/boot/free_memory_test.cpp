#include "free_memory.hpp"

#include <gtest/gtest.h>

#include <set>

#include "random.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::boot {
namespace {

using testing::at;

constexpr GuestAddress kAnywhere{kFourGiB};

TEST(FreeMemory, KeepsWholePagesOnlyAndNeverTheFirst) {
  const FreeMemory free(std::vector{at(0, 0x2000), at(0x3800, 0x2000)});
  EXPECT_EQ(free.pieces_below(kAnywhere), (std::vector{at(0x1000, 0x1000), at(0x4000, 0x1000)}));
}

TEST(FreeMemory, EndsAtFourGiB) {
  const FreeMemory free(std::vector{at(kFourGiB - 0x2000, 0x4000), at(5 * kGiB, kGiB)});
  EXPECT_EQ(free.pieces_below(GuestAddress{kAddressLimit}), std::vector{at(kFourGiB - 0x2000, 0x2000)});
}

TEST(FreeMemory, OfNothingFitsNothing) {
  const FreeMemory free(std::vector<GuestRange>{});
  EXPECT_FALSE(free.highest_fit(1, kAnywhere));
  EXPECT_EQ(free.largest(), 0U);
}

TEST(FreeMemory, FitsAtTheHighestEndThatHasRoom) {
  const FreeMemory free(std::vector{at(0x10000, 0x8000), at(0x20000, 0x4000), at(0x30000, 0x1000)});
  EXPECT_EQ(free.highest_fit(1, kAnywhere), at(0x30000, 0x1000));
  EXPECT_EQ(free.highest_fit(0x1001, kAnywhere), at(0x22000, 0x2000));
  EXPECT_EQ(free.highest_fit(0x8000, kAnywhere), at(0x10000, 0x8000));
  EXPECT_FALSE(free.highest_fit(0x8001, kAnywhere));
}

TEST(FreeMemory, StaysBelowTheLimitAlsoInsideAPiece) {
  const FreeMemory free(std::vector{at(0x10000, 0x2000), at(0x20000, 0x8000)});
  EXPECT_EQ(free.highest_fit(0x1000, GuestAddress{0x22000}), at(0x21000, 0x1000));
  EXPECT_EQ(free.highest_fit(0x1000, GuestAddress{0x20fff}), at(0x11000, 0x1000));
  EXPECT_FALSE(free.highest_fit(0x3000, GuestAddress{0x22000}));
}

TEST(FreeMemory, DoesNotWrapOnASizeNearTheLast) {
  const FreeMemory free(std::vector{at(0x10000, 0x2000)});
  EXPECT_FALSE(free.highest_fit(UINT64_MAX, kAnywhere));
  EXPECT_FALSE(free.highest_fit(UINT64_MAX - kPageSize, kAnywhere));
}

TEST(FreeMemory, TakesEveryPageThatIsTouched) {
  FreeMemory free(std::vector{at(0x10000, 0x8000), at(0x20000, 0x8000)});
  free.take(at(0x12fff, 2));
  EXPECT_EQ(free.pieces_below(kAnywhere),
            (std::vector{at(0x10000, 0x2000), at(0x14000, 0x4000), at(0x20000, 0x8000)}));
  free.take(at(0x16000, 0xc001));  // over the gap
  EXPECT_EQ(free.pieces_below(kAnywhere),
            (std::vector{at(0x10000, 0x2000), at(0x14000, 0x2000), at(0x23000, 0x5000)}));
  free.take(at(0x14000, 0x2000));  // a whole piece
  EXPECT_EQ(free.pieces_below(kAnywhere), (std::vector{at(0x10000, 0x2000), at(0x23000, 0x5000)}));
  EXPECT_EQ(free.largest(), 0x5000U);
}

/// The same by a set of pages, slowly.
class SlowFreeMemory {
 public:
  explicit SlowFreeMemory(std::span<const GuestRange> ram) {
    for (const GuestRange& range : ram)
      for (std::uint64_t page = 0; page < 4096; ++page)
        if (page > 0 && range.contains(at(page * kPageSize, kPageSize))) pages_.insert(page);
  }
  void take(const GuestRange& range) {
    for (std::uint64_t page = 0; page < 4096; ++page)
      if (range.overlaps(at(page * kPageSize, kPageSize))) pages_.erase(page);
  }
  [[nodiscard]] std::optional<GuestRange> highest_fit(std::uint64_t pages, std::uint64_t limit) const {
    for (std::uint64_t end = limit; end >= pages; --end) {
      std::uint64_t run = 0;
      while (run < pages && pages_.contains(end - 1 - run)) ++run;
      if (run == pages) return at((end - pages) * kPageSize, pages * kPageSize);
    }
    return std::nullopt;
  }

 private:
  std::set<std::uint64_t> pages_;
};

TEST(FreeMemory, AgreesWithASetOfPages) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    std::vector<GuestRange> ram;
    for (std::uint64_t start = random.below(9000); start < 0x100000;) {
      const std::uint64_t size = 1 + random.below(16 * kPageSize);
      ram.push_back(at(start, size));
      start += size + 1 + random.below(4 * kPageSize);
    }
    FreeMemory fast(ram);
    SlowFreeMemory slow(ram);
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t pages = 1 + random.below(8);
      const std::uint64_t limit = random.below(0x120);
      const auto fit =
          fast.highest_fit(pages * kPageSize - random.below(kPageSize), GuestAddress{limit * kPageSize});
      ASSERT_EQ(fit, slow.highest_fit(pages, limit)) << "seed " << seed;
      const GuestRange taken =
          fit && random.below(3) > 0 ? *fit : at(random.below(0x110000), 1 + random.below(9000));
      fast.take(taken);
      slow.take(taken);
    }
  }
}

}  // namespace
}  // namespace pvh::boot
