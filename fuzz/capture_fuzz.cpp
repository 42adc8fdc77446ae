// Any text as a capture, and as the probe's output: it is refused or judged, and what is judged is written
// and read again with the same verdicts, in every form of report.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pvh/base/bytes.hpp"
#include "pvh/report/report.hpp"

namespace {

using namespace pvh::conform;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(Capture capture) {
  const auto findings = judge(capture);
  const auto again = read_capture(write_capture(capture));
  if (again) {
    const auto same = judge(*again);
    require(findings.size() == same.size());
    for (std::size_t i = 0; i < same.size(); ++i)
      require(findings[i].judgement.verdict == same[i].judgement.verdict);
  }
  const std::string producer = capture.producer;
  ProducerReport report{.producer = producer, .version = "", .results = {}, .left_out = {}};
  report.results.push_back({std::move(capture), findings});
  const std::span<const ProducerReport> reports(&report, 1);
  require(table_report(reports, {}).find('\x1b') == std::string::npos);
  require(!json_report(reports).empty() && !junit_report(reports).empty() && !tap_report(reports).empty());
  require(html_report(reports).find("<script") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pvh::as_text(std::as_bytes(std::span(data, size)));
  if (auto capture = read_capture(text)) check(std::move(*capture));
  check(capture_of(text, {}));
  return 0;
}
