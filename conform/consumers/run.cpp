#include "pvh/consumers/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "pvh/producers/process.hpp"
#include "pvh/producers/workers.hpp"

namespace pvh::consumers {
namespace {

using Clock = std::chrono::steady_clock;

// The exit codes of a boot that say nothing of the kernel.
constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr int kCrashed = 3;

/// The text in one line, each run of spaces and line ends as one space.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == ' ' || c == '\t';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// What the command says at its end: the first line says how, and the registers may follow.
void add_ending(Run& run, const runners::Ran& ran, std::chrono::milliseconds limit) {
  constexpr std::string_view kProgram = "pvh: ";
  constexpr std::size_t kMostRegisters = 400;
  std::string_view text = ran.errors;
  if (text.starts_with(kProgram)) text.remove_prefix(kProgram.size());
  const std::size_t line = std::min(text.find('\n'), text.size());
  run.ending = squeezed(text.substr(0, line));
  run.registers = squeezed(text.substr(line)).substr(0, kMostRegisters);
  // What a kernel says of its own end is worth more than where it was then.
  if (run.ending.starts_with("the guest panicked") && !run.registers.empty())
    run.ending += ": " + std::exchange(run.registers, {});
  if (ran.late) run.ending = fmt::format("it did not come to its end within {} s", limit.count() / 1000);
  if (ran.flooded) run.ending = fmt::format("it had printed more than {} MiB", runners::kMostOutput >> 20U);
  if (!ran.started) run.ending = "it could not be started: " + ran.reason;
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
      const Boot boot = this->boot(command, variant);
      const bool can_speak =
          !options_.silent_without_command_line || made->given.command_line.value_or("") != "";
      if (boot.failed)
        result.words = boot.run.ending;
      else if (!can_speak && boot.run.output.empty())
        result.words = "without a command line nothing tells how this kernel fares: it has no console=";
      else
        result = judge(variant, made->given, boot.run);
      result.command = runners::shell_text(command);
    } else {
      result.words = reason_of(made.error());
    }
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    if (is_plain(variant)) plain_took_ = result.took;
    return result;
  }

  [[nodiscard]] const std::string& kind() const { return kind_; }

 private:
  static std::string reason_of(const Error& error) {
    if (const auto* const why = std::get_if<std::string>(&error.found);
        why && error.what == Fault::kVariantImpossible)
      return *why;
    if (!error.thing && !error.obstacle)
      return fmt::format("pvh would not hand this over{}",
                         error.clause == Clause::kNone ? "" : fmt::format(" ({})", clause_id(error.clause)));
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

  static bool is_plain(const Variant& variant) { return variant.name == "plain"; }

  /// A kernel that is to stop halts, which looks like one that takes its time: it gets a few times what the
  /// plain variant took.
  [[nodiscard]] std::chrono::milliseconds limit_of(const Variant& variant) const {
    constexpr std::chrono::seconds kLeast{3};
    if (variant.owed != Owed::kStop) return options_.limit;
    return std::min<std::chrono::milliseconds>(options_.limit, kLeast + 4 * plain_took_);
  }

  Boot boot(const std::vector<std::string>& command, const Variant& variant) {
    const auto enough = [&](std::string_view output) {
      if (!options_.expect.empty()) return output.find(options_.expect) != std::string_view::npos;
      const Told told = told_by(output);
      return told.whole;
    };
    const auto limit = limit_of(variant);
    const runners::Ran ran = runners::run_process(command, limit, {}, enough);
    // A kernel that floods where it was silent did not come up as it does.
    constexpr int kLate = -2;
    constexpr int kFlooded = -3;
    const bool cut_off = ran.late || ran.flooded;
    Boot out{.run = {.output = ran.output},
             .exit_code = ran.late      ? kLate
                          : ran.flooded ? kFlooded
                                        : ran.exit_code};
    add_ending(out.run, ran, limit);
    out.failed =
        !ran.started || (!cut_off && !ran.enough && (ran.exit_code == kError || ran.exit_code == kUsage));
    if (is_plain(variant)) {
      plain_code_ = out.exit_code;
      kind_ = told_by(ran.output).kind;
    }
    // A kernel that told its story under the plain one and does not now has not come up.
    out.run.up = kind_.empty() && out.exit_code == plain_code_ && out.exit_code != kCrashed;
    if (!options_.expect.empty()) out.run.said = ran.enough;
    return out;
  }

  const Base& base_;
  const Options& options_;
  int plain_code_ = 0;
  std::chrono::milliseconds plain_took_{0};
  std::string kind_;
};

/// Why a variant is left out for what became of the plain one.
std::string plain_words(Verdict verdict) {
  return verdict == Verdict::kCannot ? "it tells nothing: \"plain\" could not be run"
                                     : "it tells nothing: the kernel does not live with \"plain\" already";
}

}  // namespace

bool keeps_the_contract(const ConsumerReport& report) {
  return !report.results.empty() && std::ranges::all_of(report.results, [](const VariantResult& result) {
    if (result.variant->name == "plain") return lives(result.verdict);
    if (result.variant->severity != conform::Severity::kMust) return true;
    return result.verdict == Verdict::kCannot || lives(result.verdict);
  });
}

std::string conclusion_text(const ConsumerReport& report) {
  const bool run = !report.results.empty() && report.results.front().verdict != Verdict::kCannot;
  if (!run) return "it was not run: nothing is known of it";
  return keeps_the_contract(report) ? "it keeps the contract" : "it does not keep the contract";
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
  // Where the plain one is not survived, the others tell nothing.
  if (lives(report.results.front().verdict)) runners::work_together(options.jobs, worker);
  for (std::size_t i = 0; i < others.size(); ++i)
    if (report.results[i + 1].variant == nullptr)
      report.results[i + 1] = {.variant = others[i], .words = plain_words(report.results.front().verdict)};
  leave_out_what_tells_nothing(report.results);
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  return report;
}

}  // namespace pvh::consumers
