// The page of one consumer: a row a variant, which opens what was seen. There is no script in it.
#include <fmt/format.h>

#include <iterator>

#include "pvh/consumers/report.hpp"
#include "pvh/report/escape.hpp"

namespace pvh::consumers {
namespace {

using conform::xml;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>PVH conformance: a consumer</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --pass: #2e7d32; --broken: #c62828; --quiet: #767676; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
col:nth-child(1) { width: 15%; } col:nth-child(2) { width: 10%; } col:nth-child(3) { width: 28%; }
th, td { border: 1px solid var(--line); padding: .2em .6em; text-align: left; vertical-align: top; }
summary { cursor: pointer; } .pass > summary { color: var(--pass); } .quiet > summary { color: var(--quiet); }
.broken > summary { color: #fff; background: var(--broken); padding: 0 .4em; border-radius: .2em; }
dt { font-weight: 600; } dd { margin: 0 0 .4em 1em; overflow-wrap: anywhere; } dd code { font-size: 90%; }
</style></head><body>
)";

std::string_view class_of(const VariantResult& result) {
  if (lives(result.verdict)) return "pass";
  return result.verdict == Verdict::kCannot ? "quiet" : "broken";
}

}  // namespace

std::string html_report(const ConsumerReport& report) {
  std::string text(kHead);
  const auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "<h1>{}</h1>\n<p>As a consumer of start infos, under variants of a correct one, by the "
                 "engine {}: {}. A "
                 "verdict opens what was seen.</p>\n",
                 xml(report.consumer), xml(report.engine), conclusion_text(report));
  text +=
      "<table><col><col><col><col><thead><tr><th>variant</th><th>clause</th><th>what is handed "
      "over</th><th>verdict</th></tr></thead><tbody>\n";
  for (const VariantResult& result : report.results) {
    const Variant& variant = *result.variant;
    fmt::format_to(out, "<tr><th title=\"{}\">{}</th><td title=\"{}\">{}{}</td><td>{}</td>",
                   xml(describe(variant)), xml(variant.name), xml(conform::entry_of(variant.clause).text),
                   clause_id(variant.clause),
                   variant.severity == conform::Severity::kShould ? " (should)" : "", xml(variant.what));
    fmt::format_to(out, "<td><details class=\"{}\"><summary>{}</summary><dl>", class_of(result),
                   verdict_name(result.verdict));
    const auto add = [&](std::string_view kind, std::string_view title, std::string_view value) {
      if (!value.empty()) fmt::format_to(out, "<dt>{}</dt><dd class=\"{}\">{}</dd>", title, kind, xml(value));
    };
    add("seen", "seen", result.seen);
    add("owed", "owed", result.owed);
    add("words", "last words", result.words);
    add("stake", "at stake", conform::entry_of(variant.clause).rationale);
    add("command", "again", result.command);
    text += "</dl></details></td></tr>\n";
  }
  return text + "</tbody></table>\n</body></html>\n";
}

}  // namespace pvh::consumers
