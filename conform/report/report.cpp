// Reports for a terminal and for programs.
#include "pvh/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "pvh/report/escape.hpp"

namespace pvh::conform {
namespace {

using Json = nlohmann::ordered_json;
using Out = std::back_insert_iterator<std::string>;

bool is_judged(const ClauseEntry& entry) {
  return (entry.owed_by & kProducer) != 0;
}

/// Of a breach, its own; of anything else, its clause's.
std::string_view severity_name(const Finding& finding) {
  const bool advice = finding.judgement.severity == Severity::kShould ||
                      entry_of(finding.clause).severity == Severity::kShould;
  return advice ? "should" : "must";
}

/// "1 case", "2 cases"
std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

constexpr std::string_view kAdvisedColour = "\x1b[33m";

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "\x1b[32m";
    case Verdict::kBroken:
      return "\x1b[1;31m";
    case Verdict::kNotApplicable:
    case Verdict::kNotSeen:
      return "\x1b[2m";
  }
  return "";
}

std::string_view cell_text(Verdict verdict, const Look& look) {
  switch (verdict) {
    case Verdict::kPass:
      return look.unicode ? "✓" : "pass";
    case Verdict::kBroken:
      return look.unicode ? "✗ broken" : "BROKEN";
    case Verdict::kNotApplicable:
      return look.unicode ? "–" : "-";
    case Verdict::kNotSeen:
      return look.unicode ? "?" : "?";
  }
  return "";
}

/// Columns, not bytes: of what cell_text has.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void write_cell(Out out, std::string_view text, std::size_t width, std::string_view colour) {
  const std::string padding(width - std::min(width, width_of(text)), ' ');
  if (colour.empty())
    fmt::format_to(out, "  {}{}", text, padding);
  else
    fmt::format_to(out, "  {}{}\x1b[0m{}", colour, text, padding);
}

/// Every breach, the same one in several cases once.
void write_breaches(Out out, const ProducerReport& report, std::string_view name, const Look& look) {
  struct Breach {
    Finding finding;
    std::vector<std::string> cases;
  };
  std::map<Clause, std::vector<Breach>> breaches;
  for (const CaseResult& result : report.results) {
    for (const Finding& finding : result.findings) {
      if (finding.judgement.verdict != Verdict::kBroken) continue;
      auto& those = breaches[finding.clause];
      auto same = std::ranges::find(those, finding.judgement.seen,
                                    [](const Breach& b) { return b.finding.judgement.seen; });
      if (same == those.end()) same = those.insert(those.end(), {finding, {}});
      same->cases.push_back(result.capture.asked.name);
    }
  }
  for (const auto& [clause, those] : breaches) {
    for (const Breach& breach : those) {
      const std::string more =
          breach.cases.size() > 1 ? fmt::format(" and {} more", breach.cases.size() - 1) : "";
      const bool forbidden = fails(breach.finding);
      fmt::format_to(out, "\n{}{}{} {} {} ({}{})\n  seen  {}\n  {}  {}\n",
                     !look.colour ? ""
                     : forbidden  ? colour_of(Verdict::kBroken)
                                  : kAdvisedColour,
                     name, look.colour ? "\x1b[0m" : "", forbidden ? "breaks" : "should keep",
                     clause_id(clause), one_line(breach.cases.front()), more,
                     one_line(breach.finding.judgement.seen), forbidden ? "owed" : "best",
                     one_line(breach.finding.judgement.owed));
    }
  }
}

Json finding_json(const CaseResult& result, const Finding& finding) {
  return {{"clause", clause_id(finding.clause)},
          {"severity", severity_name(finding)},
          {"verdict", verdict_name(finding.judgement.verdict)},
          {"seen", finding.judgement.seen},
          {"owed", finding.judgement.owed},
          {"case", result.capture.asked.name}};
}

Json producer_json(const ProducerReport& report) {
  Json json{{"format", kReportFormat},
            {"producer", report.producer},
            {"version", report.version},
            {"conforms", keeps_the_contract(report)},
            {"conclusion", conclusion_name(conclusion_of(report))},
            {"milliseconds", report.took.count()}};
  if (!report.not_run.empty()) json["not_run"] = report.not_run;
  json["results"] = Json::array();
  for (const CaseResult& result : report.results)
    for (const Finding& finding : result.findings) json["results"].push_back(finding_json(result, finding));
  json["left_out"] = Json::array();
  for (const LeftOut& left : report.left_out)
    json["left_out"].push_back({{"case", left.name}, {"why", left.why}});
  return json;
}

std::size_t count_if(const ProducerReport& report, const auto& which) {
  std::size_t count = 0;
  for (const CaseResult& result : report.results)
    count += static_cast<std::size_t>(std::ranges::count_if(result.findings, which));
  return count;
}

std::size_t count_of(const ProducerReport& report, Verdict verdict) {
  return count_if(report, [=](const Finding& finding) { return finding.judgement.verdict == verdict; });
}

std::size_t findings_of(const ProducerReport& report) {
  std::size_t count = 0;
  for (const CaseResult& result : report.results) count += result.findings.size();
  return count;
}

/// The "must" clauses that all cases together leave at that verdict.
std::vector<std::string_view> musts_with(const ProducerReport& report, Verdict verdict) {
  std::vector<std::string_view> out;
  for (const ClauseEntry& entry : clauses())
    if (is_judged(entry) && entry.severity == Severity::kMust &&
        overall(report.results, entry.id) == verdict && !is_only_advised(report.results, entry.id))
      out.push_back(clause_id(entry.id));
  return out;
}

/// Whether a case tells of any clause. A guest that hung in a case that was made for none does not.
bool tells(const CaseResult& result) {
  return std::ranges::any_of(result.findings, [](const Finding& finding) {
    return finding.judgement.verdict == Verdict::kPass || finding.judgement.verdict == Verdict::kBroken;
  });
}

std::size_t silent_cases(const ProducerReport& report) {
  return report.results.size() - static_cast<std::size_t>(std::ranges::count_if(report.results, tells));
}

void write_summary(Out out, const ProducerReport& report, std::string_view name, const std::string& column) {
  // What the column is called, where that is not its name.
  const std::string number = name == column ? "" : column.substr(column.rfind('[')) + " ";
  if (!report.not_run.empty()) {
    fmt::format_to(out, "\n{}{}: NOT RUN: {}\n", number, name, one_line(report.not_run));
    return;
  }
  fmt::format_to(out, "\n{}{}{}: {}, {} passed, {} broken, {} not seen; {}\n", number, name,
                 report.version.empty() ? "" : " (" + one_line(report.version) + ")",
                 counted(report.results.size(), "case"), counted(count_of(report, Verdict::kPass), "clause"),
                 count_of(report, Verdict::kBroken), count_of(report, Verdict::kNotSeen),
                 conclusion_text(report));
  for (const CaseResult& result : report.results) {
    if (tells(result)) continue;
    const Capture& capture = result.capture;
    fmt::format_to(
        out, "  nothing was seen: {}: {}\n",
        capture.asked.name.empty() ? "a case without a name" : one_line(capture.asked.name),
        capture.words.empty() ? std::string(outcome_name(capture.outcome)) : one_line(capture.words));
  }
  for (const LeftOut& left : report.left_out)
    fmt::format_to(out, "  left out: {}: {}\n", one_line(left.name), one_line(left.why));
}

}  // namespace

Conclusion conclusion_of(const ProducerReport& report) {
  if (report.results.empty()) return Conclusion::kNotRun;
  if (!musts_with(report, Verdict::kBroken).empty()) return Conclusion::kBreaks;
  const std::size_t silent = silent_cases(report);
  if (silent == report.results.size()) return Conclusion::kNothingSeen;
  if (silent > 0) return Conclusion::kPartSeen;
  return musts_with(report, Verdict::kNotSeen).empty() ? Conclusion::kKeeps : Conclusion::kBreaksNothing;
}

std::string_view conclusion_name(Conclusion conclusion) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"not run", "breaks", "nothing seen", "part seen", "breaks nothing", "keeps"});
  return kNames.at(static_cast<std::size_t>(conclusion));
}

std::string conclusion_text(const ProducerReport& report) {
  switch (conclusion_of(report)) {
    case Conclusion::kNotRun:
      return "nothing was run";
    case Conclusion::kBreaks:
      return "it does not keep the contract";
    case Conclusion::kNothingSeen:
      return "nothing was seen";
    case Conclusion::kPartSeen:
      return fmt::format("it breaks nothing that was seen, and of {} nothing was seen",
                         counted(silent_cases(report), "case"));
    case Conclusion::kBreaksNothing:
      return fmt::format("it breaks nothing that was seen; not seen: {}",
                         fmt::join(musts_with(report, Verdict::kNotSeen), ", "));
    case Conclusion::kKeeps:
      return "it keeps the contract";
  }
  return "";
}

std::vector<std::string> column_names(std::span<const ProducerReport> reports, bool unicode) {
  constexpr std::size_t kMost = 24;
  constexpr std::size_t kKept = 16;
  std::vector<std::string> out;
  for (const ProducerReport& report : reports) {
    std::string name = one_line(report.producer);
    if (width_of(name) > kMost) {
      std::size_t end = kKept;
      while (width_of(std::string_view(name).substr(0, end + 1)) <= kKept) ++end;
      name = fmt::format("{}{} [{}]", name.substr(0, end), unicode ? "…" : "...", out.size() + 1);
    }
    out.push_back(std::move(name));
  }
  return out;
}

std::string table_report(std::span<const ProducerReport> reports, const Look& look) {
  std::string text;
  const Out out(text);
  constexpr std::size_t kLeast = 8;
  const std::vector<std::string> names = column_names(reports, look.unicode);
  const auto end_line = [&] {
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  fmt::format_to(out, "{:<8}", "");
  for (const std::string& name : names) write_cell(out, name, kLeast, "");
  end_line();
  for (const ClauseEntry& entry : clauses()) {
    if (!is_judged(entry)) continue;
    fmt::format_to(out, "{:<8}", clause_id(entry.id));
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const Verdict verdict = overall(reports[i].results, entry.id);
      const bool advised = is_only_advised(reports[i].results, entry.id);
      write_cell(out, advised ? "should" : cell_text(verdict, look), std::max(width_of(names[i]), kLeast),
                 !look.colour ? ""
                 : advised    ? kAdvisedColour
                              : colour_of(verdict));
    }
    end_line();
  }
  for (std::size_t i = 0; i < reports.size(); ++i) write_breaches(out, reports[i], names[i], look);
  for (std::size_t i = 0; i < reports.size(); ++i)
    write_summary(out, reports[i], one_line(reports[i].producer), names[i]);
  return text;
}

std::string json_report(std::span<const ProducerReport> reports) {
  Json json = Json::array();
  for (const ProducerReport& report : reports) json.push_back(producer_json(report));
  return (reports.size() == 1 ? json.front() : json).dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::string junit_report(std::span<const ProducerReport> reports) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  const Out out(text);
  for (const ProducerReport& report : reports) {
    if (!report.not_run.empty()) {
      fmt::format_to(out,
                     "<testsuite name=\"{0}\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">\n"
                     "  <testcase classname=\"{0}\" name=\"all\"><skipped message=\"{1}\"/></testcase>\n"
                     "</testsuite>\n",
                     xml(report.producer), xml(report.not_run));
      continue;
    }
    const std::size_t failures = count_if(report, fails);
    const std::size_t skipped = findings_of(report) - count_of(report, Verdict::kPass) - failures;
    fmt::format_to(
        out, "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">\n",
        xml(report.producer), findings_of(report), failures, skipped,
        static_cast<double>(report.took.count()) / 1000);
    for (const CaseResult& result : report.results) {
      for (const Finding& finding : result.findings) {
        const Judgement& judgement = finding.judgement;
        fmt::format_to(out, "  <testcase classname=\"{}\" name=\"{} {}\"", xml(report.producer),
                       clause_id(finding.clause), xml(result.capture.asked.name));
        if (judgement.verdict == Verdict::kPass)
          text += "/>\n";
        else if (fails(finding))
          fmt::format_to(out, "><failure message=\"{}\">owed: {}</failure></testcase>\n", xml(judgement.seen),
                         xml(judgement.owed));
        else
          fmt::format_to(out, "><skipped message=\"{}{}: {}\"/></testcase>\n",
                         judgement.verdict == Verdict::kBroken ? "should: " : "",
                         verdict_name(judgement.verdict), xml(judgement.seen));
      }
    }
    text += "</testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string tap_report(std::span<const ProducerReport> reports) {
  std::size_t count = 0;
  for (const ProducerReport& report : reports) count += report.not_run.empty() ? findings_of(report) : 1;
  std::string text = fmt::format("TAP version 13\n1..{}\n", count);
  const Out out(text);
  std::size_t number = 0;
  for (const ProducerReport& report : reports) {
    if (!report.not_run.empty())
      fmt::format_to(out, "ok {} - {} # SKIP not run: {}\n", ++number, tap(report.producer),
                     tap(report.not_run));
    for (const CaseResult& result : report.results) {
      for (const Finding& finding : result.findings) {
        const Judgement& judgement = finding.judgement;
        const bool broken = judgement.verdict == Verdict::kBroken;
        fmt::format_to(out, "{} {} - {}: {} ({})", broken ? "not ok" : "ok", ++number, tap(report.producer),
                       clause_id(finding.clause), tap(result.capture.asked.name));
        if (broken && !fails(finding)) text += " # TODO should";
        if (!broken && judgement.verdict != Verdict::kPass)
          fmt::format_to(out, " # SKIP {}: {}", verdict_name(judgement.verdict), tap(judgement.seen));
        text += '\n';
        if (broken)
          fmt::format_to(out, "  ---\n  seen: {}\n  owed: {}\n  ...\n",
                         Json(judgement.seen).dump(-1, ' ', true, Json::error_handler_t::replace),
                         Json(judgement.owed).dump(-1, ' ', true, Json::error_handler_t::replace));
      }
    }
  }
  return text;
}

}  // namespace pvh::conform
