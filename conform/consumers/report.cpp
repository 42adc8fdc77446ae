#include "pvh/consumers/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "pvh/report/escape.hpp"

namespace pvh::consumers {
namespace {

using conform::one_line;
using Json = nlohmann::ordered_json;

std::string_view severity_name(const Variant& variant) {
  return variant.severity == conform::Severity::kMust ? "must" : "should";
}

bool is_bad(const VariantResult& result) {
  return !lives(result.verdict) && result.verdict != Verdict::kCannot;
}

/// A breach counts as a failure where it is of a "must"; else people are told of it, and programs pass it
/// over.
bool fails(const VariantResult& result) {
  return is_bad(result) && result.variant->severity == conform::Severity::kMust;
}

std::string_view colour_of(const VariantResult& result) {
  if (lives(result.verdict)) return "\x1b[32m";
  if (result.verdict == Verdict::kCannot) return "\x1b[2m";
  return fails(result) ? "\x1b[1;31m" : "\x1b[33m";
}

std::size_t count_of(const ConsumerReport& report, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(report.results, verdict, &VariantResult::verdict));
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string variants_table() {
  std::string text;
  for (const Variant& variant : variants())
    fmt::format_to(std::back_inserter(text), "{:<22} {:<8} {:<6}  {}{}\n", variant.name,
                   clause_id(variant.clause), severity_name(variant), variant.what,
                   variant.changes.empty() ? "" : fmt::format(" ({})", describe(variant)));
  return text;
}

std::string variants_json() {
  Json list = Json::array();
  for (const Variant& variant : variants())
    list.push_back({{"variant", variant.name},
                    {"clause", clause_id(variant.clause)},
                    {"severity", severity_name(variant)},
                    {"what", variant.what},
                    {"changes", describe(variant)},
                    {"needs", variant.needs},
                    {"owed", variant.owed == Owed::kLive ? "live" : "stop"}});
  return text_of(list);
}

std::string table_report(const ConsumerReport& report, const conform::Look& look) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const VariantResult& result : report.results) {
    const bool bad = is_bad(result);
    std::string verdict(verdict_name(result.verdict));
    if (bad)
      std::ranges::transform(verdict, verdict.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
    fmt::format_to(out, "{:<22} {:<8} {:<6}  {}{}{}\n", result.variant->name,
                   clause_id(result.variant->clause), severity_name(*result.variant),
                   look.colour ? colour_of(result) : "", verdict, look.colour ? "\x1b[0m" : "");
    if (result.verdict == Verdict::kCannot) fmt::format_to(out, "    {}\n", one_line(result.words));
    if (!bad) continue;
    if (!result.seen.empty()) fmt::format_to(out, "    seen  {}\n", one_line(result.seen));
    if (!result.owed.empty()) fmt::format_to(out, "    owed  {}\n", one_line(result.owed));
    if (!result.words.empty()) fmt::format_to(out, "    last  {}\n", one_line(result.words));
  }
  fmt::format_to(
      out, "\n{}{}: {} variants: {} exact, {} cannot tell, {} otherwise, {} died, {} left out; {}\n",
      one_line(report.consumer), report.engine.empty() ? "" : " (engine " + report.engine + ")",
      report.results.size(), count_of(report, Verdict::kExact), count_of(report, Verdict::kUnknown),
      count_of(report, Verdict::kOtherwise), count_of(report, Verdict::kDied),
      count_of(report, Verdict::kCannot), conclusion_text(report));
  return text;
}

std::string json_report(const ConsumerReport& report) {
  Json json{{"format", kReportFormat},
            {"consumer", report.consumer},
            {"kind", report.kind},
            {"engine", report.engine},
            {"conforms", keeps_the_contract(report)},
            {"milliseconds", report.took.count()}};
  json["results"] = Json::array();
  for (const VariantResult& result : report.results)
    json["results"].push_back({{"variant", result.variant->name},
                               {"clause", clause_id(result.variant->clause)},
                               {"severity", severity_name(*result.variant)},
                               {"verdict", verdict_name(result.verdict)},
                               {"seen", result.seen},
                               {"owed", result.owed},
                               {"words", result.words},
                               {"command", result.command},
                               {"milliseconds", result.took.count()}});
  return text_of(json);
}

std::string junit_report(const ConsumerReport& report) {
  const auto failures = static_cast<std::size_t>(std::ranges::count_if(report.results, fails));
  const auto skipped = static_cast<std::size_t>(std::ranges::count_if(
      report.results, [](const VariantResult& r) { return !fails(r) && !lives(r.verdict); }));
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  const auto out = std::back_inserter(text);
  fmt::format_to(
      out, "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">\n",
      conform::xml(report.consumer), report.results.size(), failures, skipped,
      static_cast<double>(report.took.count()) / 1000);
  for (const VariantResult& result : report.results) {
    fmt::format_to(out, "  <testcase classname=\"{}\" name=\"{} {}\" time=\"{}\"",
                   conform::xml(report.consumer), clause_id(result.variant->clause), result.variant->name,
                   static_cast<double>(result.took.count()) / 1000);
    if (fails(result))
      fmt::format_to(out, "><failure message=\"{}: {}\">owed: {}\n{}</failure></testcase>\n",
                     verdict_name(result.verdict), conform::xml(result.seen), conform::xml(result.owed),
                     conform::xml(result.words));
    else if (!lives(result.verdict))
      fmt::format_to(out, "><skipped message=\"{}{}: {}\"/></testcase>\n", is_bad(result) ? "should: " : "",
                     verdict_name(result.verdict),
                     conform::xml(result.words.empty() ? result.seen : result.words));
    else
      text += "/>\n";
  }
  return text + "</testsuite>\n</testsuites>\n";
}

std::string tap_report(const ConsumerReport& report) {
  std::string text = fmt::format("TAP version 13\n1..{}\n", report.results.size());
  const auto out = std::back_inserter(text);
  std::size_t number = 0;
  for (const VariantResult& result : report.results) {
    fmt::format_to(out, "{} {} - {}: {} ({})", is_bad(result) ? "not ok" : "ok", ++number,
                   conform::tap(report.consumer), clause_id(result.variant->clause), result.variant->name);
    if (is_bad(result) && !fails(result)) text += " # TODO should";
    if (result.verdict == Verdict::kCannot)
      fmt::format_to(out, " # SKIP {}: {}", verdict_name(result.verdict), conform::tap(result.words));
    text += '\n';
    if (!is_bad(result)) continue;
    const auto quoted = [](const std::string& words) {
      return Json(words).dump(-1, ' ', true, Json::error_handler_t::replace);
    };
    fmt::format_to(out, "  ---\n  verdict: {}\n  seen: {}\n  owed: {}\n  words: {}\n  ...\n",
                   verdict_name(result.verdict), quoted(result.seen), quoted(result.owed),
                   quoted(result.words));
  }
  return text;
}

}  // namespace pvh::consumers
