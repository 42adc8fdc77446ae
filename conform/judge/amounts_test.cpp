#include "amounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pvh/base/address.hpp"

namespace pvh::conform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Amounts, AreReadInEveryUnitThatMonitorsPrint) {
  EXPECT_THAT(amounts_in("20 MiB, 22M and 43 MB"), ElementsAre(20 * kMiB, 22 * kMiB, 43 * kMiB));
  EXPECT_THAT(amounts_in("(max: 16777215, need 20971520)"), ElementsAre(16777215, 20971520));
  EXPECT_THAT(amounts_in("5120 pages, 0x1400 pages, 0x1400000"),
              ElementsAre(20 * kMiB, 20 * kMiB, 20 * kMiB));
  EXPECT_THAT(amounts_in("1.5 GiB; 512KiB; 3 kilobytes; 7 bytes"),
              ElementsAre(3 * kGiB / 2, 512 * kKiB, 3 * kKiB, 7));
}

TEST(Amounts, AreReadWithGroupsOfThreeDigitsAndAsAnOption) {
  EXPECT_THAT(amounts_in("20,971,520 bytes, 1,5 and 3,4567"), ElementsAre(20971520, 1, 5, 3, 4567));
  EXPECT_THAT(amounts_in("need -m 24 or -m 25M"), ElementsAre(24 * kMiB, 25 * kMiB));
}

TEST(Amounts, OfAnExpressionHaveOneUnit) {
  EXPECT_THAT(amounts_in("12 (0x1400 > 0x1000 - 0x119 pages) 7"),
              ElementsAre(12, 20 * kMiB, 16 * kMiB, 0x119 * 4096, 7));
}

TEST(Words, StandAlone) {
  EXPECT_TRUE(has_word("16 mib of ram; 43", "ram"));
  EXPECT_FALSE(has_word("this program", "ram"));
}

TEST(Amounts, AreNeitherNamesNorAddresses) {
  EXPECT_THAT(amounts_in("qemu-system-x86_64: module0 on ttyS0 at 0x100000, @4096"), IsEmpty());
  EXPECT_THAT(amounts_in("2 modules more"), ElementsAre(2));
}

TEST(Amounts, EndWhereTheTextDoes) {
  EXPECT_THAT(amounts_in("0x"), IsEmpty());
  EXPECT_THAT(amounts_in("1."), ElementsAre(1));
  EXPECT_THAT(amounts_in("99999999999999999999999999 GiB"), IsEmpty());
  EXPECT_THAT(amounts_in("0xffffffffffffffffffff MiB 3M"), ElementsAre(3 * kMiB));
}

TEST(Amounts, StandForASizeThatWasRounded) {
  EXPECT_TRUE(stands_for(20971520, 20 * kMiB));
  EXPECT_TRUE(stands_for(20'000'000, 20 * kMiB));
  EXPECT_FALSE(stands_for(16777215, 20 * kMiB));
}

}  // namespace
}  // namespace pvh::conform
