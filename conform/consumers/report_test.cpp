// One result of each verdict, with words that nobody should print as they are, in every form of report.
#include "pvh/consumers/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pvh::consumers {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr const char* kNasty = "<b>\"&'\x1b[31m\n# TODO \xff";

ConsumerReport report() {
  return {.consumer = "vm<linuz>",
          .kind = "linux",
          .engine = "qemu",
          .results =
              {{.variant = variant_named("plain"), .verdict = Verdict::kExact, .seen = "all", .owed = "all"},
               {.variant = variant_named("map-1000"),
                .verdict = Verdict::kOtherwise,
                .seen = kNasty,
                .owed = "1000"},
               {.variant = variant_named("no-map"),
                .verdict = Verdict::kDied,
                .seen = "died",
                .owed = "up",
                .words = kNasty},
               {.variant = variant_named("relocated"), .verdict = Verdict::kCannot, .words = "no note 19"}},
          .took = std::chrono::milliseconds(1500)};
}

TEST(ConsumerReport, KeepsTheContractWhereOnlyAShouldIsBroken) {
  ConsumerReport one = report();
  EXPECT_FALSE(keeps_the_contract(one));
  one.results.erase(one.results.begin() + 1);
  EXPECT_TRUE(keeps_the_contract(one));
  one.results.front().verdict = Verdict::kDied;
  EXPECT_FALSE(keeps_the_contract(one));
  EXPECT_FALSE(keeps_the_contract({.consumer = "none"}));
}

TEST(ConsumerReport, BlamesNoKernelThatWasNotRun) {
  ConsumerReport one = report();
  one.results.front().verdict = Verdict::kCannot;
  EXPECT_THAT(table_report(one, {}), HasSubstr("; it was not run: nothing is known of it\n"));
  EXPECT_FALSE(keeps_the_contract(one));
}

TEST(ConsumerReport, AsJsonHasItsFormatAndEachResult) {
  const Json json = Json::parse(json_report(report()));
  EXPECT_EQ(json.at("format"), kReportFormat);
  EXPECT_EQ(json.at("conforms"), false);
  ASSERT_EQ(json.at("results").size(), 4U);
  EXPECT_EQ(json.at("results")[1].at("variant"), "map-1000");
  EXPECT_EQ(json.at("results")[1].at("clause"), "MAP-4");
  EXPECT_EQ(json.at("results")[1].at("verdict"), "otherwise");
  EXPECT_EQ(json.at("results")[2].at("severity"), "should");
}

TEST(ConsumerReport, AsATableLetsNobodyMoveTheCursor) {
  const std::string text = table_report(report(), {});
  EXPECT_THAT(text, HasSubstr("OTHERWISE"));
  EXPECT_THAT(text, HasSubstr("1 exact, 0 cannot tell, 1 otherwise, 1 died, 1 left out"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(ConsumerReport, AsJUnitCountsFailuresOfMustOnly) {
  const std::string text = junit_report(report());
  EXPECT_THAT(text, HasSubstr("tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\" time=\"1.5\""));
  EXPECT_THAT(text, HasSubstr("MAP-1 no-map\" time=\"0\"><skipped message=\"should: died: "));
  EXPECT_THAT(text, HasSubstr("vm&lt;linuz&gt;"));
  EXPECT_THAT(text, Not(HasSubstr("<b>")));
}

TEST(ConsumerReport, AsTapHasAsManyLinesAsItSays) {
  const std::string text = tap_report(report());
  EXPECT_THAT(text, HasSubstr("TAP version 13\n1..4\nok 1 - "));
  EXPECT_THAT(text, HasSubstr("not ok 2 - "));
  EXPECT_THAT(text,
              HasSubstr("not ok 3 - vm<linuz>: MAP-1 (no-map) # TODO should\n  ---\n  verdict: died\n"));
  EXPECT_THAT(text, HasSubstr("ok 4 - vm<linuz>: NOTE-6 (relocated) # SKIP left out: no note 19\n"));
  EXPECT_THAT(text, Not(HasSubstr("\n# TODO")));
}

TEST(ConsumerReport, AsAPageEscapesWhatKernelsSay) {
  const std::string text = html_report(report());
  EXPECT_THAT(text, HasSubstr("&lt;b&gt;&quot;&amp;"));
  EXPECT_THAT(text, Not(HasSubstr("<b>\"")));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, Not(HasSubstr("http")));
}

TEST(VariantList, IsJsonWithEveryVariant) {
  const Json list = Json::parse(variants_json());
  EXPECT_EQ(list.size(), variants().size());
  EXPECT_THAT(variants_table(), HasSubstr("map-1000"));
}

}  // namespace
}  // namespace pvh::consumers
