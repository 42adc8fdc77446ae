#include "pvh/consumers/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "pvh/runners/process.hpp"

namespace pvh::consumers {
namespace {

using Clock = std::chrono::steady_clock;

// The exit codes of a boot that say nothing of the kernel.
constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr int kCrashed = 3;

/// What the command says at its end, in one line.
std::string ending_of(const runners::Ran& ran, std::chrono::milliseconds limit) {
  if (ran.late) return fmt::format("it did not come to its end within {} s", limit.count() / 1000);
  constexpr std::size_t kMost = 600;
  std::string out;
  for (const char c : ran.errors.substr(0, kMost)) out += c == '\n' ? ' ' : c;
  while (out.ends_with(' ')) out.pop_back();
  constexpr std::string_view kProgram = "pvh: ";
  return out.starts_with(kProgram) ? out.substr(kProgram.size()) : out;
}

/// A run, and with which code it ended.
struct Boot {
  Run run = {};
  int exit_code = -1;
  bool failed = false;  ///< the engine, not the kernel
};

class Runner {
 public:
  Runner(const Base& base, const Options& options) : base_(base), options_(options) {}

  VariantResult run(const Variant& variant) {
    const auto start = Clock::now();
    VariantResult result{.variant = &variant};
    const auto made = make(base_, variant);
    if (made) {
      const std::vector<std::string> command = command_for(variant);
      const Boot boot = this->boot(command, variant.name == "plain");
      if (boot.failed)
        result.words = boot.run.ending;
      else
        result = judge(variant, made->given, boot.run);
      result.command = runners::shell_text(command);
    } else {
      result.words = reason_of(made.error());
    }
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    return result;
  }

  [[nodiscard]] const std::string& kind() const { return kind_; }

 private:
  static std::string reason_of(const Error& error) {
    if (const auto* const why = std::get_if<std::string>(&error.found);
        why && error.what == Fault::kVariantImpossible)
      return *why;
    std::string out = "it does not fit";
    if (error.thing) out += ": " + error.thing->name;
    if (error.obstacle) out += ", because of " + error.obstacle->name;
    return out;
  }

  [[nodiscard]] std::vector<std::string> command_for(const Variant& variant) const {
    std::vector<std::string> command = options_.command;
    std::ranges::replace(command, std::string(kVariantWord), std::string(variant.name));
    return command;
  }

  Boot boot(const std::vector<std::string>& command, bool plain) {
    const auto enough = [&](std::string_view output) {
      if (!options_.expect.empty()) return output.find(options_.expect) != std::string_view::npos;
      const Told told = told_by(output);
      return told.whole;
    };
    const runners::Ran ran = runners::run_process(command, options_.limit, {}, enough);
    Boot out{.run = {.output = ran.output}, .exit_code = ran.late ? -1 : ran.exit_code};
    out.run.ending = ran.started ? ending_of(ran, options_.limit) : "it could not be started: " + ran.reason;
    out.failed =
        !ran.started || (!ran.late && !ran.enough && (ran.exit_code == kError || ran.exit_code == kUsage));
    if (plain) {
      plain_code_ = out.exit_code;
      kind_ = told_by(ran.output).kind;
    }
    out.run.up = out.exit_code == plain_code_ && out.exit_code != kCrashed;
    if (!options_.expect.empty()) out.run.said = ran.enough;
    return out;
  }

  const Base& base_;
  const Options& options_;
  int plain_code_ = 0;
  std::string kind_;
};

}  // namespace

bool keeps_the_contract(const ConsumerReport& report) {
  return !report.results.empty() && std::ranges::all_of(report.results, [](const VariantResult& result) {
    if (result.variant->name == "plain") return lives(result.verdict);
    if (result.variant->severity != conform::Severity::kMust) return true;
    return result.verdict == Verdict::kCannot || lives(result.verdict);
  });
}

ConsumerReport run_consumer(const Base& base, std::span<const Variant* const> wanted,
                            const Options& options) {
  const runners::ChildrenEndWithUs children;
  const auto start = Clock::now();
  std::vector<const Variant*> others(wanted.begin(), wanted.end());
  const Variant* const plain = &variants().front();
  std::erase(others, plain);

  ConsumerReport report;
  report.results.resize(others.size() + 1);
  Runner runner(base, options);
  report.results.front() = runner.run(*plain);
  report.kind = runner.kind();
  std::atomic<std::size_t> next = 0;
  const auto worker = [&] {
    for (std::size_t i = next++; i < others.size(); i = next++)
      report.results[i + 1] = runner.run(*others[i]);
  };
  {
    std::vector<std::jthread> workers;
    // Where the plain one is not survived, the others tell nothing.
    const unsigned jobs = lives(report.results.front().verdict) ? std::max(1U, options.jobs) : 0;
    for (unsigned i = 0; i < jobs; ++i) workers.emplace_back(worker);
  }
  for (std::size_t i = 0; i < others.size(); ++i)
    if (report.results[i + 1].variant == nullptr)
      report.results[i + 1] = {.variant = others[i],
                               .words = "it tells nothing: the kernel does not live with \"plain\" already"};
  leave_out_what_tells_nothing(report.results);
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  return report;
}

}  // namespace pvh::consumers
