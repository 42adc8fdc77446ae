// The page: clauses by producers, each cell opening what was seen against what was owed, and each memory map
// to scale. There is no script in it: what opens is a <details>.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>
#include <vector>

#include "pvh/capture/evidence.hpp"
#include "pvh/report/escape.hpp"
#include "pvh/report/report.hpp"

namespace pvh::conform {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>PVH conformance</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --pass: #2e7d32; --broken: #c62828; --quiet: #767676; --line: #8884; --panel: Canvas; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--line); padding: .2em .6em; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--panel); z-index: 1; }
summary { cursor: pointer; list-style: none; white-space: nowrap; }
summary::-webkit-details-marker { display: none; }
.pass > summary { color: var(--pass); } .broken > summary { color: #fff; background: var(--broken); padding: 0 .4em; border-radius: .2em; }
.advised > summary { color: #b26a00; } .quiet > summary { color: var(--quiet); }
details > div { position: absolute; z-index: 2; background: var(--panel); border: 1px solid var(--quiet); border-radius: .3em;
  padding: .6em 1em; margin-top: .2em; max-width: 40em; max-height: 60vh; overflow: auto; box-shadow: 0 .2em .8em #0006; }
dt { font-weight: 600; margin-top: .5em; } dd { margin: 0 0 0 1em; overflow-wrap: anywhere; }
dd.seen::before { content: "seen: "; color: var(--quiet); } dd.owed::before { content: "owed: "; color: var(--quiet); }
svg { display: block; width: 100%; height: auto; margin: .2em 0 1em; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.t1 { fill: #81c784; } .t2 { fill: #9e9e9e; } .t3 { fill: #64b5f6; } .t4 { fill: #ba68c8; } .t5 { fill: #e57373; } .t6 { fill: #ffb74d; }
.t7 { fill: #4dd0e1; } .tx { fill: #fff176; } .thing { fill: #d84315; } .frame { fill: none; stroke: currentColor; stroke-width: .5; }
.legend span { display: inline-block; margin-right: 1em; } .legend i { display: inline-block; width: 1em; height: 1em; margin-right: .3em; }
</style></head><body>
<h1>PVH conformance</h1>
<p>Clauses by producers. A cell opens what was seen, case by case, against what was owed.</p>
)";

constexpr std::size_t kMostMaps = 12;      // of one producer, each another one
constexpr std::size_t kMostEntries = 512;  // drawn of one map

std::string_view class_of(Verdict verdict) {
  if (verdict == Verdict::kPass) return "pass";
  return verdict == Verdict::kBroken ? "broken" : "quiet";
}

std::string_view word_of(Verdict verdict) {
  return verdict == Verdict::kNotApplicable ? "–" : verdict_name(verdict);
}

void write_cell(Out out, const ProducerReport& report, Clause clause) {
  const Verdict verdict = overall(report.results, clause);
  const bool advised = is_only_advised(report.results, clause);
  fmt::format_to(
      out,
      "<td><details name=\"cell\" class=\"{}\"><summary>{}</summary><div id=\"{}--{}\"><b>{}, {}</b><dl>",
      advised ? "advised" : class_of(verdict), advised ? "should" : word_of(verdict), xml(report.producer),
      clause_id(clause), xml(report.producer), clause_id(clause));
  // What is broken first.
  for (const bool broken : {true, false}) {
    for (const CaseResult& result : report.results) {
      for (const Finding& finding : result.findings) {
        const Judgement& judgement = finding.judgement;
        if (finding.clause != clause || (judgement.verdict == Verdict::kBroken) != broken) continue;
        fmt::format_to(out, "<dt>{}: {}</dt>", xml(result.capture.asked.name),
                       verdict_name(judgement.verdict));
        fmt::format_to(out, "<dd class=\"seen\">{}</dd>", xml(judgement.seen));
        if (!judgement.owed.empty()) fmt::format_to(out, "<dd class=\"owed\">{}</dd>", xml(judgement.owed));
      }
    }
  }
  fmt::format_to(out, "</dl></div></details></td>");
}

void write_matrix(Out out, std::span<const ProducerReport> reports) {
  fmt::format_to(out, "<table><thead><tr><th>clause</th>");
  const std::vector<std::string> names = column_names(reports, true);
  for (std::size_t i = 0; i < reports.size(); ++i)
    fmt::format_to(out, "<th title=\"{}\">{}</th>",
                   xml(reports[i].version.empty() ? reports[i].producer : reports[i].version), xml(names[i]));
  fmt::format_to(out, "<th>at stake</th></tr></thead><tbody>\n");
  for (const ClauseEntry& entry : clauses()) {
    if ((entry.owed_by & kProducer) == 0) continue;
    fmt::format_to(out, "<tr><th title=\"{}\">{}{}</th>", xml(entry.text), clause_id(entry.id),
                   entry.severity == Severity::kShould ? " (should)" : "");
    for (const ProducerReport& report : reports) write_cell(out, report, entry.id);
    fmt::format_to(out, "<td>{}</td></tr>\n", xml(entry.rationale));
  }
  fmt::format_to(out, "</tbody></table>\n");
}

constexpr double kWidth = 1000;

/// One bar from 0 to `end`, with what lies there under it.
void write_bar(Out out, const Evidence& evidence, std::uint64_t end, std::string_view title) {
  const auto x = [end](std::uint64_t at) {
    return static_cast<double>(std::min(at, end)) / static_cast<double>(end) * kWidth;
  };
  fmt::format_to(
      out, "<svg viewBox=\"0 0 1000 58\" role=\"img\" aria-label=\"{}\"><text x=\"0\" y=\"11\">{}</text>",
      title, title);
  std::size_t drawn = 0;
  for (const MapEntrySeen& entry : *evidence.map) {
    if (entry.at >= end || ++drawn > kMostEntries) continue;
    const double width = std::max(x(entry.end()) - x(entry.at), 0.5);
    fmt::format_to(out,
                   "<rect class=\"{}\" x=\"{:.2f}\" y=\"16\" width=\"{:.2f}\" height=\"22\"><title>{:#x}, {} "
                   "bytes, type {}"
                   "</title></rect>",
                   entry.has_known_type() ? fmt::format("t{}", entry.type) : "tx", x(entry.at), width,
                   entry.at, entry.size, entry.type);
  }
  for (const Taken& thing : evidence.things) {
    if (thing.at >= end) continue;
    fmt::format_to(
        out,
        "<rect class=\"thing\" x=\"{:.2f}\" y=\"41\" width=\"{:.2f}\" height=\"6\"><title>{}: {:#x}, {} bytes"
        "</title></rect>",
        x(thing.at), std::max(x(thing.end()) - x(thing.at), 1.5), xml(thing.name), thing.at, thing.size);
  }
  fmt::format_to(
      out,
      "<rect class=\"frame\" x=\"0\" y=\"16\" width=\"1000\" height=\"22\"/><text x=\"0\" y=\"57\">0</text>"
      "<text x=\"1000\" y=\"57\" text-anchor=\"end\">{:#x}</text></svg>\n",
      end);
}

void write_map(Out out, const CaseResult& result, const Evidence& evidence) {
  std::uint64_t end = 0;
  std::uint64_t ram_end = 0;
  for (const MapEntrySeen& entry : *evidence.map) {
    end = std::max(end, entry.end());
    if (entry.type == 1) ram_end = std::max(ram_end, entry.end());
  }
  fmt::format_to(out, "<h4>{}</h4>\n", xml(result.capture.asked.name));
  if (end == 0) return;
  write_bar(out, evidence, std::min(end, kMiB), "the first MiB");
  if (ram_end > kMiB && ram_end < end) write_bar(out, evidence, ram_end, "to the end of RAM");
  if (end > kMiB) write_bar(out, evidence, end, "all of it");
}

/// Each map of a producer that differs from those before it.
void write_maps(Out out, const ProducerReport& report) {
  fmt::format_to(out, "<h3>{}</h3>\n", xml(report.producer));
  std::set<std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>>> drawn;
  for (const CaseResult& result : report.results) {
    const Evidence evidence = gather(result.capture);
    if (!evidence.map || drawn.size() >= kMostMaps) continue;
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>> shape;
    for (const MapEntrySeen& entry : *evidence.map) shape.emplace_back(entry.at, entry.size, entry.type);
    if (drawn.insert(std::move(shape)).second) write_map(out, result, evidence);
  }
  if (drawn.empty()) fmt::format_to(out, "<p>No map was seen.</p>\n");
}

constexpr auto kTypes = std::to_array<std::string_view>(
    {"RAM", "reserved", "ACPI tables", "ACPI NVS", "unusable", "disabled", "persistent memory"});

void write_legend(Out out) {
  fmt::format_to(out, "<p class=\"legend\">");
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    fmt::format_to(out,
                   "<span><svg viewBox=\"0 0 10 10\" style=\"display:inline;width:1em;height:1em;margin:0 "
                   ".3em 0 0\"><rect "
                   "class=\"t{}\" width=\"10\" height=\"10\"/></svg>{} {}</span>",
                   i + 1, i + 1, kTypes[i]);
  fmt::format_to(out, "<span>below each bar: kernel, start info, tables, strings, modules</span></p>\n");
}

void write_cases(Out out, const ProducerReport& report) {
  if (!report.not_run.empty()) {
    fmt::format_to(out, "<li>{}: not run: {}</li>\n", xml(report.producer), xml(report.not_run));
    return;
  }
  fmt::format_to(out, "<li>{}{}: {} cases; {}</li>\n", xml(report.producer),
                 report.version.empty() ? "" : " (" + xml(report.version) + ")", report.results.size(),
                 conclusion_text(report));
  for (const LeftOut& left : report.left_out)
    fmt::format_to(out, "<li>{}: left out: {}: {}</li>\n", xml(report.producer), xml(left.name),
                   xml(left.why));
}

}  // namespace

std::string html_report(std::span<const ProducerReport> reports) {
  std::string page(kHead);
  const Out out(page);
  write_matrix(out, reports);
  fmt::format_to(out, "<h2>Memory maps, to scale</h2>\n");
  write_legend(out);
  for (const ProducerReport& report : reports) write_maps(out, report);
  fmt::format_to(out, "<h2>Cases</h2>\n<ul>\n");
  for (const ProducerReport& report : reports) write_cases(out, report);
  return page + "</ul></body></html>\n";
}

}  // namespace pvh::conform
