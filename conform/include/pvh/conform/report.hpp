// What producers were found to do, in the forms that people and programs read. Text in, text out.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "pvh/conform/judge.hpp"

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

/// Whether no "must" clause is broken, and each was seen to be kept somewhere or applies nowhere.
[[nodiscard]] bool keeps_the_contract(const ProducerReport& report);
/// Whether no "must" clause is broken in what was seen.
[[nodiscard]] bool breaks_nothing(const ProducerReport& report);

struct Look {
  bool colour = false;
  bool unicode = false;
};

/// A table of clauses by producers, and under it every breach with what was seen, what was owed and where.
[[nodiscard]] std::string table_report(std::span<const ProducerReport> reports, const Look& look);

/// {producer, results[]{clause, verdict, seen, owed, case}}; a list of such where there are several.
[[nodiscard]] std::string json_report(std::span<const ProducerReport> reports);

/// JUnit XML: a suite a producer, a case a clause and case.
[[nodiscard]] std::string junit_report(std::span<const ProducerReport> reports);

/// The Test Anything Protocol, version 13.
[[nodiscard]] std::string tap_report(std::span<const ProducerReport> reports);

/// One page that needs neither network nor scripts: clauses by producers, and each memory map drawn to scale.
[[nodiscard]] std::string html_report(std::span<const ProducerReport> reports);

}  // namespace pvh::conform
