// pvh conform: the clauses, what captures keep of them, and what producers do.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "commands.hpp"
#include "conform_output.hpp"
#include "consumer.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pvh/consumers/report.hpp"
#include "pvh/producers/producers.hpp"
#include "pvh/report/contract_page.hpp"
#include "pvh/report/report.hpp"
#include "pvh/system/write_file.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

namespace fs = std::filesystem;
using conform::Conclusion;
using conform::ProducerReport;
using Json = nlohmann::ordered_json;

std::string list_json() {
  Json list = Json::array();
  for (const conform::ClauseEntry& entry : conform::clauses()) {
    Json by = Json::array();
    if ((entry.owed_by & conform::kProducer) != 0) by.push_back("producer");
    if ((entry.owed_by & conform::kConsumer) != 0) by.push_back("consumer");
    if ((entry.owed_by & conform::kHeader) != 0) by.push_back("header");
    list.push_back({{"clause", clause_id(entry.id)},
                    {"severity", entry.severity == conform::Severity::kMust ? "must" : "should"},
                    {"owed_by", by},
                    {"text", entry.text},
                    {"rationale", entry.rationale},
                    {"source", entry.source},
                    {"checked", entry.check != nullptr},
                    {"why_not", conform::why_no_check(entry)}});
  }
  return list.dump(2) + "\n";
}

int list(const ConformOptions& options) {
  if (options.markdown) return print(conform::contract_page()) ? kExitDone : kExitError;
  if (options.json) return print(list_json()) ? kExitDone : kExitError;
  std::string text;
  for (const conform::ClauseEntry& entry : conform::clauses())
    text += fmt::format("{:<8} {:<6} {}\n", clause_id(entry.id),
                        entry.severity == conform::Severity::kMust ? "must" : "should", entry.text);
  return print(text) ? kExitDone : kExitError;
}

/// Everything that was asked for; false where some of it could not be written.
bool tell(const ConformOptions& options, std::span<const ProducerReport> reports) {
  const Style style = output_style();
  const std::string text =
      options.json  ? conform::json_report(reports)
      : options.tap ? conform::tap_report(reports)
                    : conform::table_report(reports, {.colour = style.colour, .unicode = style.unicode});
  const bool files = written(options.junit, options.junit.empty() ? "" : conform::junit_report(reports)) &&
                     written(options.html, options.html.empty() ? "" : conform::html_report(reports));
  return print(text) && files;
}

int judge(const ConformOptions& options) {
  std::vector<ProducerReport> reports;
  for (const std::string& path : options.names) {
    const auto file = system::MappedFile::open(path, "a capture");
    if (!file) return fail(options, {file.error(), path});
    auto capture = conform::read_capture(as_text(file->bytes()));
    if (!capture) return fail(options, {capture.error(), path});
    auto report = std::ranges::find(reports, capture->producer, &ProducerReport::producer);
    if (report == reports.end())
      report = reports.insert(reports.end(), {.producer = capture->producer, .version = capture->version});
    auto findings = conform::judge(*capture);
    report->results.push_back({std::move(*capture), std::move(findings)});
  }
  if (!tell(options, reports)) return kExitError;
  // One capture alone cannot show every clause, but it has to show something.
  const bool sound = std::ranges::all_of(reports, [](const ProducerReport& report) {
    const Conclusion conclusion = conclusion_of(report);
    return conclusion == Conclusion::kKeeps || conclusion == Conclusion::kBreaksNothing;
  });
  return sound ? kExitDone : kExitError;
}

/// Where this program lies, to be run as a producer itself.
std::string own_path() {
  std::error_code problem;
  const fs::path path = fs::read_symlink("/proc/self/exe", problem);
  return problem ? "pvh" : path.string();
}

/// The folder for captures, made before anything is run.
Result<void> make_folder(const std::string& folder) {
  if (folder.empty()) return {};
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && fs::is_directory(folder, problem)) return {};
  return std::unexpected(Error{.what = Fault::kFileFailed,
                               .subject = "the folder for captures",
                               .found = problem ? problem.message() : "there is a file of that name",
                               .wanted = "made"});
}

/// Each capture as a file of its own: "qemu-q35-03.json". Of commands each has its place among the names too.
Result<void> keep_captures(const std::string& folder, const ProducerReport& report, std::size_t number) {
  if (folder.empty()) return {};
  const std::size_t colon = report.producer.find(':');
  std::string name = report.producer.substr(0, colon);
  if (colon != std::string::npos && number > 0) name += fmt::format("-{}", number + 1);
  for (std::size_t i = 0; i < report.results.size(); ++i) {
    const std::string path = (fs::path(folder) / fmt::format("{}-{:02}.json", name, i)).string();
    auto done = system::write_file(path, as_bytes(conform::write_capture(report.results[i].capture)));
    if (!done) return done;
  }
  return {};
}

int producer(const ConformOptions& options) {
  runners::Options how{.pvh = own_path(),
                       .qemu = options.qemu,
                       .matrix = options.full ? runners::Matrix::kFull : runners::Matrix::kShort};
  if (options.timeout) how.limit = *options.timeout;
  for (const std::string& name : options.names)
    if (const auto known = runners::check_producer(name); !known) return fail(options, {known.error(), ""});
  if (const auto made = make_folder(options.captures); !made)
    return fail(options, {made.error(), options.captures});
  std::vector<ProducerReport> reports;
  for (const std::string& name : options.names) {
    auto report = runners::run_producer(name, how);
    if (!report) return fail(options, {report.error(), ""});
    if (const auto kept = keep_captures(options.captures, *report, reports.size()); !kept)
      return fail(options, {kept.error(), options.captures});
    reports.push_back(std::move(*report));
  }
  if (!tell(options, reports)) return kExitError;
  return std::ranges::all_of(reports, conform::keeps_the_contract) ? kExitDone : kExitError;
}

}  // namespace

int conform(const ConformOptions& options) {
  // Sooner than after minutes of a matrix.
  for (const std::string& path : {options.junit, options.html})
    if (const auto can = path.empty() ? Result<void>() : system::can_write_file(path); !can)
      return fail(options, {can.error(), path});
  switch (options.action) {
    case ConformAction::kList:
      return list(options);
    case ConformAction::kJudge:
      return judge(options);
    case ConformAction::kProducer:
      return producer(options);
    case ConformAction::kVariants:
      return print(options.json ? consumers::variants_json() : consumers::variants_table()) ? kExitDone
                                                                                            : kExitError;
    case ConformAction::kConsumer:
      return consumer(options, own_path());
    case ConformAction::kBoot:
      return boot_variant(options);
  }
  return kExitUsage;
}

}  // namespace pvh::cli
