// Reports for a terminal and for programs.
#include "pvh/conform/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "pvh/conform/escape.hpp"

namespace pvh::conform {
namespace {

using Json = nlohmann::ordered_json;
using Out = std::back_insert_iterator<std::string>;

bool is_judged(const ClauseEntry& entry) {
  return (entry.owed_by & kProducer) != 0;
}

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
void write_breaches(Out out, const ProducerReport& report, const Look& look) {
  struct Breach {
    Judgement judgement;
    std::vector<std::string> cases;
  };
  std::map<Clause, std::vector<Breach>> breaches;
  for (const CaseResult& result : report.results) {
    for (const Finding& finding : result.findings) {
      if (finding.judgement.verdict != Verdict::kBroken) continue;
      auto& those = breaches[finding.clause];
      auto same =
          std::ranges::find(those, finding.judgement.seen, [](const Breach& b) { return b.judgement.seen; });
      if (same == those.end()) same = those.insert(those.end(), {finding.judgement, {}});
      same->cases.push_back(result.capture.asked.name);
    }
  }
  for (const auto& [clause, those] : breaches) {
    for (const Breach& breach : those) {
      const std::string more =
          breach.cases.size() > 1 ? fmt::format(" and {} more", breach.cases.size() - 1) : "";
      fmt::format_to(out, "\n{}{}{} breaks {} ({}{})\n  seen  {}\n  owed  {}\n",
                     look.colour ? colour_of(Verdict::kBroken) : "", one_line(report.producer),
                     look.colour ? "\x1b[0m" : "", clause_id(clause), one_line(breach.cases.front()), more,
                     one_line(breach.judgement.seen), one_line(breach.judgement.owed));
    }
  }
}

Json finding_json(const CaseResult& result, const Finding& finding) {
  return {{"clause", clause_id(finding.clause)},
          {"verdict", verdict_name(finding.judgement.verdict)},
          {"seen", finding.judgement.seen},
          {"owed", finding.judgement.owed},
          {"case", result.capture.asked.name}};
}

Json producer_json(const ProducerReport& report) {
  Json json{{"producer", report.producer},
            {"version", report.version},
            {"conforms", keeps_the_contract(report)},
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

std::size_t count_of(const ProducerReport& report, Verdict verdict) {
  std::size_t count = 0;
  for (const CaseResult& result : report.results)
    count += static_cast<std::size_t>(std::ranges::count(
        result.findings, verdict, [](const Finding& finding) { return finding.judgement.verdict; }));
  return count;
}

std::size_t findings_of(const ProducerReport& report) {
  std::size_t count = 0;
  for (const CaseResult& result : report.results) count += result.findings.size();
  return count;
}

bool every_must(const ProducerReport& report, bool unseen_counts) {
  return std::ranges::none_of(clauses(), [&](const ClauseEntry& entry) {
    if (!is_judged(entry) || entry.severity != Severity::kMust) return false;
    const Verdict verdict = overall(report.results, entry.id);
    return verdict == Verdict::kBroken || (unseen_counts && verdict == Verdict::kNotSeen);
  });
}

}  // namespace

bool keeps_the_contract(const ProducerReport& report) {
  return !report.results.empty() && every_must(report, true);
}

bool breaks_nothing(const ProducerReport& report) {
  return every_must(report, false);
}

std::string table_report(std::span<const ProducerReport> reports, const Look& look) {
  std::string text;
  const Out out(text);
  constexpr std::size_t kLeast = 8;
  fmt::format_to(out, "{:<8}", "");
  for (const ProducerReport& report : reports) {
    const std::string name = one_line(report.producer);
    write_cell(out, name, std::max(name.size(), kLeast), "");
  }
  text += '\n';
  for (const ClauseEntry& entry : clauses()) {
    if (!is_judged(entry)) continue;
    fmt::format_to(out, "{:<8}", clause_id(entry.id));
    for (const ProducerReport& report : reports) {
      const Verdict verdict = overall(report.results, entry.id);
      write_cell(out, cell_text(verdict, look), std::max(one_line(report.producer).size(), kLeast),
                 look.colour ? colour_of(verdict) : "");
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  for (const ProducerReport& report : reports) write_breaches(out, report, look);
  for (const ProducerReport& report : reports) {
    if (!report.not_run.empty()) {
      fmt::format_to(out, "\n{}: NOT RUN: {}\n", one_line(report.producer), one_line(report.not_run));
      continue;
    }
    fmt::format_to(out, "\n{}{}: {} cases, {} clauses passed, {} broken, {} not seen; {}\n",
                   one_line(report.producer),
                   report.version.empty() ? "" : " (" + one_line(report.version) + ")", report.results.size(),
                   count_of(report, Verdict::kPass), count_of(report, Verdict::kBroken),
                   count_of(report, Verdict::kNotSeen),
                   keeps_the_contract(report) ? "it keeps the contract" : "it does not keep the contract");
    for (const LeftOut& left : report.left_out)
      fmt::format_to(out, "  left out: {}: {}\n", one_line(left.name), one_line(left.why));
  }
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
    const std::size_t skipped =
        count_of(report, Verdict::kNotApplicable) + count_of(report, Verdict::kNotSeen);
    fmt::format_to(
        out, "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">\n",
        xml(report.producer), findings_of(report), count_of(report, Verdict::kBroken), skipped,
        static_cast<double>(report.took.count()) / 1000);
    for (const CaseResult& result : report.results) {
      for (const Finding& finding : result.findings) {
        const Judgement& judgement = finding.judgement;
        fmt::format_to(out, "  <testcase classname=\"{}\" name=\"{} {}\"", xml(report.producer),
                       clause_id(finding.clause), xml(result.capture.asked.name));
        if (judgement.verdict == Verdict::kPass)
          text += "/>\n";
        else if (judgement.verdict == Verdict::kBroken)
          fmt::format_to(out, "><failure message=\"{}\">owed: {}</failure></testcase>\n", xml(judgement.seen),
                         xml(judgement.owed));
        else
          fmt::format_to(out, "><skipped message=\"{}: {}\"/></testcase>\n", verdict_name(judgement.verdict),
                         xml(judgement.seen));
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
