// What a kernel makes of the variants, in the forms that people and programs read. Text in, text out.
#pragma once

#include <span>
#include <string>

#include "pvh/consumers/run.hpp"
#include "pvh/report/report.hpp"

namespace pvh::consumers {

/// The form of `json_report`. A new member may come without a new number; none goes away or changes.
inline constexpr unsigned kReportFormat = 1;

/// The list of variants: name, clause, severity, what is otherwise.
[[nodiscard]] std::string variants_table();
[[nodiscard]] std::string variants_json();

[[nodiscard]] std::string table_report(const ConsumerReport& report, const conform::Look& look);
[[nodiscard]] std::string json_report(const ConsumerReport& report);
[[nodiscard]] std::string junit_report(const ConsumerReport& report);
[[nodiscard]] std::string tap_report(const ConsumerReport& report);
[[nodiscard]] std::string html_report(const ConsumerReport& report);

}  // namespace pvh::consumers
