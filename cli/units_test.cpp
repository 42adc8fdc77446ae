#include "units.hpp"

#include <gtest/gtest.h>

namespace pvh::cli {
namespace {

TEST(ParseSize, CountsAPlainNumberInTheUnitThatTheCallerNames) {
  EXPECT_EQ(parse_size("512", kMiB), 512 * kMiB);
  EXPECT_EQ(parse_size("512"), 512U);
  EXPECT_EQ(parse_size("0x1000"), 0x1000U);
}

TEST(ParseSize, TakesUnitsInEitherCaseAndLength) {
  for (const char* text : {"2G", "2g", "2GiB", "2gib", "2048M", "2097152KiB", "2147483648B"}) {
    EXPECT_EQ(parse_size(text, kMiB), 2 * kGiB) << text;
  }
  EXPECT_EQ(parse_size("1T"), kTiB);
  EXPECT_EQ(parse_size("0x10M"), 16 * kMiB);
}

TEST(ParseSize, RefusesWhatIsNoSizeAndWhatPasses64Bits) {
  for (const char* text : {"", "M", "-1", "+1", " 1", "1 M", "1.5G", "12MB", "1Q", "0x", "1KiBx",
                           "18446744073709551616", "16777216T", "1e3"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, TakesNoUnits) {
  EXPECT_EQ(parse_number("17"), 17U);
  EXPECT_EQ(parse_number("0xfb"), 0xfbU);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "1K", "1b", "0x", "ten", "1,0"})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

TEST(FormatDuration, NamesTheUnitThatFits) {
  using namespace std::chrono_literals;
  EXPECT_EQ(format_duration(0ms), "0 ms");
  EXPECT_EQ(format_duration(43ms), "43 ms");
  EXPECT_EQ(format_duration(999ms), "999 ms");
  EXPECT_EQ(format_duration(2149ms), "2.1 s");
  EXPECT_EQ(format_duration(59999ms), "59.9 s");
  EXPECT_EQ(format_duration(125s), "2 min 5 s");
  EXPECT_EQ(format_duration(26h + 7min + 59s), "26 h 7 min");
}

}  // namespace
}  // namespace pvh::cli
