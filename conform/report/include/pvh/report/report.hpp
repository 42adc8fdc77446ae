// What producers were found to do, in the forms that people and programs read. Text in, text out.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/judge/judge.hpp"

namespace pvh::conform {

/// A case that this producer could not be asked for, and why.
struct LeftOut {
  std::string name;
  std::string why;
};

struct ProducerReport {
  std::string producer;
  std::string version = {};
  std::string not_run = {};  ///< why it is not to be had on this machine; then there are no results
  std::vector<CaseResult> results = {};
  std::vector<LeftOut> left_out = {};
  std::chrono::milliseconds took{0};
};

/// What all cases of a producer come to. Only "must" clauses count.
enum class Conclusion : std::uint8_t {
  kNotRun,         ///< there are no cases
  kBreaks,         ///< one is broken
  kNothingSeen,    ///< no case tells of any clause, whether it is kept or broken
  kPartSeen,       ///< none is broken in the cases that tell of any; others tell nothing
  kBreaksNothing,  ///< none is broken; some were not seen
  kKeeps,          ///< each was seen to be kept somewhere, or applies nowhere
};

[[nodiscard]] Conclusion conclusion_of(const ProducerReport& report);

[[nodiscard]] inline bool keeps_the_contract(const ProducerReport& report) {
  return conclusion_of(report) == Conclusion::kKeeps;
}

/// "not run", "breaks", "nothing seen", "part seen", "breaks nothing", "keeps": as in JSON.
[[nodiscard]] std::string_view conclusion_name(Conclusion conclusion);

/// The conclusion in a sentence, without its stop.
[[nodiscard]] std::string conclusion_text(const ProducerReport& report);

struct Look {
  bool colour = false;
  bool unicode = false;
};

/// A table of clauses by producers, and under it every breach with what was seen, what was owed and where.
[[nodiscard]] std::string table_report(std::span<const ProducerReport> reports, const Look& look);

/// Of what `json_report` writes (docs/capture.md).
inline constexpr int kReportFormat = 1;

/// {format, producer, conclusion, results[]{clause, severity, verdict, seen, owed, case}}; a list of such
/// where there are several.
[[nodiscard]] std::string json_report(std::span<const ProducerReport> reports);

/// JUnit XML: a suite a producer, a case a clause and case. A broken "should" is skipped, with a message: it
/// is no failure, and "passed" would say that it is kept.
[[nodiscard]] std::string junit_report(std::span<const ProducerReport> reports);

/// The Test Anything Protocol, version 13. A broken "should" is "not ok" with the directive TODO.
[[nodiscard]] std::string tap_report(std::span<const ProducerReport> reports);

/// One page that needs neither network nor scripts: clauses by producers, and each memory map drawn to scale.
[[nodiscard]] std::string html_report(std::span<const ProducerReport> reports);

/// The producers' names for the heads of columns: a long one, such as a command, is cut, and has its number.
[[nodiscard]] std::vector<std::string> column_names(std::span<const ProducerReport> reports, bool unicode);

}  // namespace pvh::conform
