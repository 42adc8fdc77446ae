#include "engine_words.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pvh::cli {
namespace {

TEST(EngineWords, EachReasonHasItsOwn) {
  using launch::ChoiceReason;
  std::set<std::string_view> texts;
  for (const ChoiceReason reason :
       {ChoiceReason::kAsked, ChoiceReason::kNoKvm, ChoiceReason::kForbidden, ChoiceReason::kSoftwareKvm,
        ChoiceReason::kNoAcpi, ChoiceReason::kHardware}) {
    EXPECT_FALSE(reason_text(reason).empty());
    texts.insert(reason_text(reason));
  }
  EXPECT_EQ(texts.size(), 6U);
}

}  // namespace
}  // namespace pvh::cli
