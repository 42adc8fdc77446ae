#include <gtest/gtest.h>

#include "pvh/words/describe.hpp"

namespace pvh::words {
namespace {

TEST(Printable, ShowsLettersAndNoControls) {
  EXPECT_EQ(printable("abc é € 😀 ~"), "abc é € 😀 ~");
  EXPECT_EQ(printable("a\nb\tc\x1b[2J"), "a\\nb\\tc\\x1b[2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J")
      << "CSI in one character";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "cod"),
            "\\xe2\\x80\\xae"
            "cod")
      << "right to left";
}

TEST(Printable, ShowsWhatIsNoUtf8AsItsBytes) {
  EXPECT_EQ(printable("\x9b"), "\\x9b");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b") << "longer than need be";
  EXPECT_EQ(printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b") << "longer than need be";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xf5x"), "\\xf5x");
}

}  // namespace
}  // namespace pvh::words
