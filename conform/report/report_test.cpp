// Reports of producers: a good one and a bad one, with names and words that nobody should print as they are.
#include "pvh/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pvh/judge_testing/good_capture.hpp"
#include "pvh/report/escape.hpp"

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
  EXPECT_THAT(text, HasSubstr("good (1 & 2): 1 case,"));
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

/// The columns of a table's rows, from its header to the last clause.
std::vector<std::string> rows_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !line.empty();) out.push_back(line);
  return out;
}

TEST(Table, CutsALongNameAndSaysItWholeBelow) {
  const std::string name = "command:mymonitor --memory {memory} --kernel {kernel} [--initrd {initrd}]";
  const std::string text = table_report(std::vector{good(), report_of(name, testing::good_capture())}, {});
  for (const std::string& row : rows_of(text)) EXPECT_LE(row.size(), 48U) << row;
  EXPECT_THAT(rows_of(text).front(), HasSubstr("good      command:mymonito... [2]"));
  EXPECT_THAT(text, HasSubstr("\n[2] " + name + " (1 & 2)"));
}

TEST(Table, HasItsColumnsBelowEachOtherWhateverTheLook) {
  // A name with characters of several bytes.
  std::vector<ProducerReport> reports{report_of("möglich", testing::good_capture()), good(), bad()};
  for (const bool unicode : {false, true}) {
    const auto rows = rows_of(table_report(reports, {.unicode = unicode}));
    // The third column's name and verdicts begin in one column: a character each before them.
    const auto columns = [](std::string_view row) {
      return std::ranges::count_if(row,
                                   [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    };
    const auto start = columns(std::string_view(rows.front()).substr(0, rows.front().find("command:")));
    for (const std::string& row : rows) {
      if (!row.starts_with("PLACE-2")) continue;
      const std::size_t at = row.find(unicode ? "✗ broken" : "BROKEN");
      ASSERT_NE(at, std::string::npos) << row;
      EXPECT_EQ(columns(std::string_view(row).substr(0, at)), start) << row;
    }
  }
}

/// A capture of which nothing is known.
Capture hung() {
  Capture capture;
  capture.asked.name = "mine";
  capture.outcome = Outcome::kHung;
  capture.words = "no word in 20 s";
  return capture;
}

TEST(Conclusion, IsOfWhatWasSeen) {
  EXPECT_EQ(conclusion_of({.producer = "none"}), Conclusion::kNotRun);
  EXPECT_EQ(conclusion_of(bad()), Conclusion::kBreaks);
  EXPECT_EQ(conclusion_of(report_of("p", hung())), Conclusion::kNothingSeen);
  ProducerReport one = good();
  const Conclusion before = conclusion_of(one);
  EXPECT_TRUE(before == Conclusion::kKeeps || before == Conclusion::kBreaksNothing);
  one.results.push_back(report_of("p", hung()).results.front());
  EXPECT_EQ(conclusion_of(one), Conclusion::kPartSeen);
  EXPECT_THAT(table_report(std::vector{one}, {}),
              HasSubstr("of 1 case nothing was seen\n  nothing was seen: mine: no word"));
}

TEST(Conclusion, StandsInTheTableAndInJson) {
  const auto report = report_of("p", hung());
  EXPECT_THAT(table_report(std::vector{report}, {}), HasSubstr("; nothing was seen\n"));
  EXPECT_EQ(Json::parse(json_report(std::vector{report})).at("conclusion"), "nothing seen");
  EXPECT_EQ(Json::parse(json_report(std::vector{bad()})).at("conclusion"), "breaks");
  EXPECT_THAT(html_report(std::vector{report}), HasSubstr("nothing was seen"));
}

/// As if something that is only advised were not done, whatever the checks think of it today.
ProducerReport with_a_broken_should() {
  ProducerReport report = good();
  report.results.front().findings.front().judgement = {Verdict::kBroken, "seen so", "owed so",
                                                       Severity::kShould};
  return report;
}

TEST(BrokenShould, IsToldInTheTableAndInJson) {
  const auto report = with_a_broken_should();
  const std::string table = table_report(std::vector{report}, {});
  EXPECT_THAT(table, HasSubstr("NOTE-1    should\n"));
  EXPECT_THAT(table, HasSubstr("good should keep NOTE-1"));
  EXPECT_THAT(json_report(std::vector{report}), HasSubstr("\"severity\": \"should\""));
  EXPECT_THAT(html_report(std::vector{report}), HasSubstr("class=\"advised\"><summary>should<"));
}

TEST(BrokenShould, IsNoFailureOfJUnitAndSaysSo) {
  const auto report = with_a_broken_should();
  const auto text = junit_report(std::vector{report});
  EXPECT_THAT(text, HasSubstr("failures=\"0\""));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"should: broken: seen so\"/>"));
  EXPECT_EQ(count_of(text, "<failure"), 0U);
  const std::size_t skipped = count_of(text, "<skipped");
  EXPECT_THAT(text, HasSubstr("skipped=\"" + std::to_string(skipped) + "\""));
  EXPECT_NE(conclusion_of(report), Conclusion::kBreaks);
}

TEST(BrokenShould, IsATodoOfTap) {
  const auto text = tap_report(std::vector{with_a_broken_should()});
  EXPECT_GT(count_of(text, "\nnot ok "), 0U);
  EXPECT_EQ(count_of(text, "\nnot ok "), count_of(text, " # TODO should\n  ---\n  seen: \"seen so\""));
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
  EXPECT_THAT(text, HasSubstr(" # SKIP not seen"));
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

TEST(Page, DrawsAMapThatDiffersInATypeAlone) {
  const auto drawn = [](std::uint32_t type) {
    ProducerReport report = good();
    CaseResult other = report.results.front();
    testing::put(other.capture, testing::kMap + 24 + 16, type);
    report.results.push_back(std::move(other));
    return count_of(html_report(std::vector{report}), "<svg ");
  };
  EXPECT_GT(drawn(XEN_HVM_MEMMAP_TYPE_NVS), drawn(XEN_HVM_MEMMAP_TYPE_RESERVED));
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

TEST(Report, SaysOfAProducerThatIsNotHereThatItWasNotRun) {
  const ProducerReport report{.producer = "xen", .not_run = "QEMU & co. are not installed"};
  EXPECT_FALSE(keeps_the_contract(report));
  EXPECT_THAT(table_report({&report, 1}, {}), ::testing::HasSubstr("xen: NOT RUN: QEMU & co."));
  EXPECT_THAT(json_report({&report, 1}), ::testing::HasSubstr("\"not_run\": \"QEMU & co."));
  EXPECT_THAT(junit_report({&report, 1}), ::testing::HasSubstr("<skipped message=\"QEMU &amp; co."));
  EXPECT_THAT(tap_report({&report, 1}), ::testing::HasSubstr("1..1\nok 1 - xen # SKIP not run: QEMU & co."));
  EXPECT_THAT(html_report({&report, 1}), ::testing::HasSubstr("xen: not run: QEMU &amp; co."));
}

}  // namespace
}  // namespace pvh::conform
