#include "pvh/image/buffer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace pvh::image {
namespace {

TEST(Buffer, IsEmptyWithoutSpace) {
  Buffer buffer;
  EXPECT_TRUE(buffer.space().empty());
  EXPECT_TRUE(buffer.bytes().empty());
  EXPECT_TRUE(Buffer::reserve(0)->space().empty());
}

TEST(Buffer, IsZeroAndWritableToItsLastByte) {
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{4097}, 3 * kMiB + 5}) {
    auto buffer = Buffer::reserve(size);
    ASSERT_TRUE(buffer);
    ASSERT_EQ(buffer->space().size(), size);
    EXPECT_TRUE(std::ranges::all_of(buffer->bytes(), [](std::byte byte) { return byte == std::byte{0}; }));
    std::ranges::fill(buffer->space(), std::byte{7});
  }
}

TEST(Buffer, CostsNothingUntilItIsTouched) {
  std::vector<Buffer> buffers;
  for (int i = 0; i < 16; ++i) {
    auto buffer = Buffer::reserve(64 * kGiB);
    ASSERT_TRUE(buffer);
    buffer->space().back() = std::byte{1};
    buffers.push_back(std::move(*buffer));
  }
}

TEST(Buffer, KeepsItsBytesInPlaceWhenMoved) {
  Buffer first = std::move(*Buffer::reserve(10));
  first.space()[9] = std::byte{42};
  const std::byte* const place = first.bytes().data();
  Buffer second = std::move(first);
  EXPECT_TRUE(first.bytes().empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.bytes().data(), place);
  Buffer third = std::move(*Buffer::reserve(4 * kMiB));
  third = std::move(second);
  EXPECT_EQ(third.bytes().data(), place);
  EXPECT_EQ(third.bytes()[9], std::byte{42});
}

/// Whether the page at `address` is mapped.
bool mapped(const std::byte* address) {
  unsigned char resident = 0;
  return mincore(const_cast<std::byte*>(address), 1, &resident) == 0;
}

TEST(Buffer, GivesBackWhatLiesBehindTheBytesThatItKeeps) {
  Buffer buffer = std::move(*Buffer::reserve(8 * kMiB));
  std::ranges::fill(buffer.space(), std::byte{3});
  const std::byte* const start = buffer.bytes().data();
  buffer.shrink(kMiB + 1);
  EXPECT_EQ(buffer.bytes().size(), kMiB + 1);
  EXPECT_EQ(buffer.bytes().back(), std::byte{3});
  EXPECT_TRUE(mapped(start + kMiB));
  EXPECT_FALSE(mapped(start + kMiB + 2 * kPageSize));
  buffer.shrink(2 * kMiB);  // no growing
  EXPECT_EQ(buffer.bytes().size(), kMiB + 1);
  buffer.shrink(0);
  EXPECT_TRUE(buffer.bytes().empty());
  EXPECT_FALSE(mapped(start));
}

TEST(Buffer, SaysThatTheHostHasNoRoom) {
  for (const std::uint64_t size : {std::uint64_t{1} << 60U, UINT64_MAX}) {
    const auto buffer = Buffer::reserve(size);
    ASSERT_FALSE(buffer);
    EXPECT_EQ(buffer.error().what, Fault::kNoAddressSpace);
    EXPECT_EQ(buffer.error().wanted, Fact{Size{size}});
  }
}

}  // namespace
}  // namespace pvh::image
