#include "words.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace pvh::cli {
namespace {

constexpr auto kFaults = static_cast<std::uint16_t>(Fault::kCount_);

/// The names in braces.
std::vector<std::string_view> placeholders(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    names.push_back(text.substr(open + 1, text.find('}', open) - open - 1));
  }
  return names;
}

TEST(Words, AreThereForEveryFault) {
  for (std::uint16_t number = 0; number < kFaults; ++number) {
    const FaultWords* words = words_of(static_cast<Fault>(number));
    ASSERT_NE(words, nullptr) << "fault number " << number << " of pvh/base/error.hpp has no words";
    EXPECT_FALSE(words->sentence.empty()) << number;
  }
}

TEST(Words, AreThereOnlyOnceForEachFault) {
  std::set<Fault> seen;
  for (const auto& room : all_words()) {
    for (const FaultWords& words : room) {
      EXPECT_TRUE(seen.insert(words.fault).second) << words.sentence;
      EXPECT_LT(static_cast<std::uint16_t>(words.fault), kFaults) << words.sentence;
    }
  }
}

TEST(Words, NameOnlyFactsThatAnErrorHas) {
  const std::set<std::string_view> known{"file",   "subject", "where",    "found",
                                         "wanted", "thing",   "obstacle", "would_do"};
  for (const auto& room : all_words()) {
    for (const FaultWords& words : room) {
      for (const std::string_view text : {words.sentence, words.remedy}) {
        for (const std::string_view name : placeholders(text)) EXPECT_TRUE(known.contains(name)) << text;
      }
    }
  }
}

TEST(Words, EndInOneFullStop) {
  for (const auto& room : all_words()) {
    for (const FaultWords& words : room) {
      EXPECT_FALSE(words.sentence.ends_with('.')) << words.sentence;
      EXPECT_TRUE(words.remedy.empty() || words.remedy.find_last_of(".?!") != std::string_view::npos)
          << words.remedy;
    }
  }
}

const Error kSample{.what = Fault::kFileEmpty, .clause = Clause::kNote2, .subject = "segment 2"};

TEST(Message, NamesFileClauseAndRemedy) {
  EXPECT_EQ(message({kSample, "x"}),
            "pvh: x: the file is empty; it was to be segment 2 (NOTE-2).\n"
            "     Was a download or a build cut short?\n");
}

TEST(Message, LetsNoFileNameMoveTheCursor) {
  EXPECT_EQ(message({Error{.what = Fault::kFileMissing, .subject = "the kernel"}, "a\x1b[2J\nb\x7f"}),
            "pvh: a\\x1b[2J\\nb\\x7f: there is no such file; it was to be the kernel.\n");
}

}  // namespace
}  // namespace pvh::cli
