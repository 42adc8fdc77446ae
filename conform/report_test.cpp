// Reports of producers: a good one and a bad one, with names and words that nobody should print as they are.
#include "pvh/conform/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pvh/conform/escape.hpp"
#include "pvh/conform_testing/good_capture.hpp"

namespace pvh::conform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr const char* kNasty = "<img src=x onerror=alert(1)>\"'&\x1b[2J\n# TODO\xff";

ProducerReport report_of(std::string name, Capture capture) {
  ProducerReport report{
      .producer = std::move(name), .version = "1 & 2", .took = std::chrono::milliseconds(2500)};
  auto findings = judge(capture);
  report.results.push_back({std::move(capture), std::move(findings)});
  return report;
}

ProducerReport good() {
  return report_of("good", testing::good_capture());
}

/// Breaks PLACE-2 and says so in nasty words, in a case of a nasty name.
ProducerReport bad() {
  Capture capture;
  capture.asked = {.name = kNasty, .fits = false};
  capture.outcome = Outcome::kRefused;
  capture.words = kNasty;
  ProducerReport report = report_of(std::string("command:") + kNasty, std::move(capture));
  report.left_out.push_back({kNasty, kNasty});
  return report;
}

/// Characters outside of words that a reader of XML or HTML would take for its own.
bool has_raw_markup(const std::string& text) {
  return text.find("<img") != std::string::npos || text.find("\x1b") != std::string::npos;
}

std::size_t count_of(const std::string& text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(Table, HasARowForEachClauseOfAProducerAndEveryBreach) {
  const std::string text = table_report(std::vector{good(), bad()}, {});
  for (const ClauseEntry& entry : clauses())
    EXPECT_EQ(text.find("\n" + std::string(clause_id(entry.id)) + " ") != std::string::npos,
              (entry.owed_by & kProducer) != 0)
        << clause_id(entry.id);
  EXPECT_THAT(text, HasSubstr("breaks PLACE-2"));
  EXPECT_THAT(text, HasSubstr("good (1 & 2): 1 cases"));
}

TEST(Table, LetsNobodyMoveTheCursorOrAddALine) {
  const std::string text = table_report(std::vector{bad()}, {});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\n# TODO")));
}

TEST(Table, HasColoursOnlyWhereTheyAreWanted) {
  EXPECT_THAT(table_report(std::vector{good()}, {.colour = true}), HasSubstr("\x1b[32m"));
  EXPECT_THAT(table_report(std::vector{good()}, {}), Not(HasSubstr("\x1b")));
}

TEST(JsonReport, IsOneObjectForOneAndAListForMore) {
  const Json one = Json::parse(json_report(std::vector{good()}));
  EXPECT_EQ(one.at("producer"), "good");
  for (const Json& result : one.at("results"))
    for (const char* const member : {"clause", "verdict", "seen", "owed", "case"})
      EXPECT_TRUE(result.at(member).is_string()) << member;
  EXPECT_EQ(Json::parse(json_report(std::vector{good(), bad()})).size(), 2U);
}

TEST(JsonReport, HoldsWordsThatAreNotUtf8) {
  const Json json = Json::parse(json_report(std::vector{bad()}));
  EXPECT_EQ(json.at("conforms"), false);
  EXPECT_EQ(json.at("left_out").size(), 1U);
}

TEST(JUnit, CountsWhatItHolds) {
  const std::string text = junit_report(std::vector{good(), bad()});
  EXPECT_THAT(text, StartsWith("<?xml version=\"1.0\""));
  EXPECT_EQ(count_of(text, "<testsuite "), 2U);
  EXPECT_EQ(count_of(text, "<failure "), 1U);
  EXPECT_THAT(text, HasSubstr("failures=\"1\""));
  EXPECT_THAT(text, HasSubstr("time=\"2.5\""));
  const std::size_t findings = good().results.front().findings.size();
  EXPECT_EQ(count_of(text, "<testcase "), 2 * findings);
  EXPECT_FALSE(has_raw_markup(text));
}

TEST(Tap, HasAsManyLinesAsItSaysAndNoDirectiveOfOthers) {
  const std::string text = tap_report(std::vector{good(), bad()});
  const std::size_t findings = 2 * good().results.front().findings.size();
  EXPECT_THAT(text, StartsWith("TAP version 13\n1.." + std::to_string(findings) + "\n"));
  EXPECT_EQ(count_of(text, "\nok ") + count_of(text, "\nnot ok "), findings);
  EXPECT_EQ(count_of(text, "\nnot ok "), 1U);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(line.starts_with("  ") || line.find("# TODO") == std::string::npos ||
                line.find("\\# TODO") + 1 == line.find("# TODO"))
        << line;
  EXPECT_THAT(text, HasSubstr(" # SKIP not applicable"));
}

TEST(Page, EscapesWhateverAProducerSays) {
  const std::string text = html_report(std::vector{good(), bad()});
  EXPECT_FALSE(has_raw_markup(text));
  EXPECT_THAT(text, HasSubstr("&lt;img src=x"));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
}

TEST(Page, NeedsNoNetwork) {
  const std::string text = html_report(std::vector{good()});
  for (const char* const word : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_THAT(text, Not(HasSubstr(word)));
}

TEST(Page, HasACellForEachClauseAndProducerAndTheMapDrawn) {
  const std::string text = html_report(std::vector{good(), bad()});
  const auto owed = static_cast<std::size_t>(std::ranges::count_if(
      clauses(), [](const ClauseEntry& entry) { return (entry.owed_by & kProducer) != 0; }));
  EXPECT_EQ(count_of(text, "<td><details "), 2 * owed);
  EXPECT_THAT(text, HasSubstr("<svg"));
  EXPECT_EQ(count_of(text, "<details"), count_of(text, "</details>"));
}

TEST(Escaping, LeavesNothingThatXmlOrATerminalTakesForItsOwn) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "b";
    EXPECT_EQ(xml(text).find_first_of("<>\"'"), std::string::npos) << c;
    EXPECT_EQ(one_line(text).find_first_of("\n\r\x1b"), std::string::npos) << c;
    EXPECT_EQ(tap(text).find_first_of("\n\r"), std::string::npos) << c;
  }
  EXPECT_EQ(xml("<&>"), "&lt;&amp;&gt;");
}

}  // namespace
}  // namespace pvh::conform
