#include "consumer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "cache_limit.hpp"
#include "commands.hpp"
#include "conform_output.hpp"
#include "ending.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pvh/consumers/report.hpp"
#include "pvh/consumers/run.hpp"
#include "pvh/consumers/subject.hpp"
#include "pvh/kvm/kvm.hpp"
#include "pvh/qemu/qemu.hpp"
#include "pvh/system/write_file.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

using consumers::Variant;
using Failed = std::unexpected<Failure>;

std::expected<consumers::Subject, Failure> open_subject(const ConformOptions& options) {
  MachineOptions kernel;
  kernel.kernel = options.names.back();
  kernel.cache_limit = cache_limit();
  return consumers::open_subject(kernel, options.initrds, options.command_line);
}

/// The variants that the user names, or all.
std::expected<std::vector<const Variant*>, Failure> wanted(const ConformOptions& options) {
  std::vector<const Variant*> out;
  if (options.only.empty()) {
    for (const Variant& variant : consumers::variants()) out.push_back(&variant);
    return out;
  }
  for (std::size_t at = 0; at <= options.only.size();) {
    const std::size_t end = std::min(options.only.find(',', at), options.only.size());
    const std::string name = options.only.substr(at, end - at);
    const Variant* const variant = consumers::variant_named(name);
    if (variant == nullptr) return Failed({Error{.what = Fault::kUnknownVariant, .subject = name}, ""});
    out.push_back(variant);
    at = end + 1;
  }
  return out;
}

std::string_view engine_name(Engine engine) {
  return engine == Engine::kKvm ? "kvm" : "qemu";
}

/// The command that boots a variant; the same that a person would type.
std::vector<std::string> boot_command(const ConformOptions& options, const std::string& program) {
  std::vector<std::string> out{program, "conform", "boot", std::string(consumers::kVariantWord),
                               options.names.front()};
  const auto add = [&](std::string option, std::string value) {
    out.push_back(std::move(option));
    out.push_back(std::move(value));
  };
  for (const std::string& name : options.initrds) add("--initrd", name);
  if (options.command_line) add("--append", *options.command_line);
  if (options.engine != Engine::kQemu) add("--engine", std::string(engine_name(options.engine)));
  if (options.qemu != "qemu-system-x86_64") add("--qemu", options.qemu);
  return out;
}

bool tell(const ConformOptions& options, const consumers::ConsumerReport& report) {
  const Style style = output_style();
  const std::string text =
      options.json  ? consumers::json_report(report)
      : options.tap ? consumers::tap_report(report)
                    : consumers::table_report(report, {.colour = style.colour, .unicode = style.unicode});
  const bool files = written(options.junit, options.junit.empty() ? "" : consumers::junit_report(report)) &&
                     written(options.html, options.html.empty() ? "" : consumers::html_report(report));
  return print(text) && files;
}

Result<run::Outcome> run_plan(const ConformOptions& options, const boot::BootPlan& plan) {
  const run::Options user{.timeout = options.timeout};
  if (options.engine == Engine::kKvm)
    return kvm::Start::begin({.memory = plan.backing, .confine = true}).run({.plan = &plan}, user);
  return qemu::Start::begin({.binary = options.qemu}).run({.plan = &plan}, user);
}

}  // namespace

int consumer(const ConformOptions& options, const std::string& program) {
  const auto variants = wanted(options);
  if (!variants) return fail(options, variants.error());
  const auto subject = open_subject(options);
  if (!subject) return fail(options, subject.error());
  consumers::Options how{.command = boot_command(options, program), .expect = options.expect};
  how.silent_without_command_line = subject->is_linux && !options.initrds.empty();
  if (options.timeout) how.limit = *options.timeout;
  auto report = consumers::run_consumer(subject->base(options.engine == Engine::kQemu), *variants, how);
  report.consumer = launch::file_name(options.names.front());
  report.engine = engine_name(options.engine);
  // Where this program lies means nothing to whoever does it again.
  for (consumers::VariantResult& result : report.results)
    if (result.command.starts_with(program)) result.command.replace(0, program.size(), "pvh");
  if (!tell(options, report)) return kExitError;
  return consumers::keeps_the_contract(report) ? kExitDone : kExitError;
}

int boot_variant(const ConformOptions& options) {
  const Variant* const variant = consumers::variant_named(options.names.front());
  if (variant == nullptr)
    return fail(options, {Error{.what = Fault::kUnknownVariant, .subject = options.names.front()}, ""});
  const auto subject = open_subject(options);
  if (!subject) return fail(options, subject.error());
  const auto made = consumers::make(subject->base(options.engine == Engine::kQemu), *variant);
  if (!made) return fail(options, {made.error(), options.names.back()});
  const auto outcome = run_plan(options, made->plan);
  if (!outcome) return fail(options, {outcome.error(), ""});
  complain(fmt::format("pvh: {}\n", ending_text(*outcome)));
  return exit_code_of(*outcome);
}

}  // namespace pvh::cli
