#include "pvh/words/sizes.hpp"

#include <gtest/gtest.h>

#include "pvh/base/address.hpp"

namespace pvh::words {
namespace {

TEST(FormatSize, IsExactWhereThatIsShort) {
  EXPECT_EQ(format_size(0), "0 bytes");
  EXPECT_EQ(format_size(1), "1 byte");
  EXPECT_EQ(format_size(1025), "1025 bytes");
  EXPECT_EQ(format_size(kMiB + 4096), "1028 KiB");
  EXPECT_EQ(format_size(12 * kMiB), "12 MiB");
  EXPECT_EQ(format_size(UINT64_MAX), "16777216.0 TiB");
}

TEST(FormatSize, RoundsToATenthWhereItIsNot) {
  EXPECT_EQ(format_size(12 * kMiB + 300 * kKiB + 1), "12.3 MiB");
  EXPECT_EQ(format_size(13 * kMiB - 1), "13.0 MiB");
}

TEST(MemoryArgument, IsNeverTooLittle) {
  EXPECT_EQ(memory_argument(42 * kMiB + 1), "43M");
  EXPECT_EQ(memory_argument(2 * kGiB), "2G");
}

}  // namespace
}  // namespace pvh::words
