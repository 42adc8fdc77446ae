#include "consumer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "conform_output.hpp"
#include "ending.hpp"
#include "files.hpp"
#include "json.hpp"
#include "output.hpp"
#include "prepare.hpp"
#include "pvh/consumers/linux_disk.hpp"
#include "pvh/consumers/report.hpp"
#include "pvh/consumers/run.hpp"
#include "pvh/kvm/kvm.hpp"
#include "pvh/qemu/qemu.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

using consumers::Variant;
using Failed = std::unexpected<Failure>;

/// So that a Linux speaks, from its first moments on, and ends when it dies. For any other kernel words like
/// any other.
constexpr std::string_view kLinuxLine = "console=ttyS0 earlyprintk=ttyS0 panic=-1";
constexpr std::string_view kOtherLine = "one=1 two=2";

/// The kernel under test and its files, open.
struct Subject {
  Kernel kernel;
  image::KernelImage image;
  std::vector<MappedFile> files;
  std::vector<boot::Module> modules;
  std::string command_line;
  bool is_linux;

  [[nodiscard]] consumers::Base base(bool interval_timer) const {
    return {
        .kernel = image, .modules = modules, .command_line = command_line, .interval_timer = interval_timer};
  }
};

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::expected<Subject, Failure> open_subject(const ConformOptions& options) {
  const std::string& path = options.names.back();
  auto kernel = open_kernel_by_cache(path, kGiB);
  if (!kernel) return Failed(kernel.error());
  auto image = image::kernel_image(kernel->contents);
  if (!image) return Failed({image.error(), path});
  const bool is_linux =
      std::ranges::any_of(image->elf.notes, [](const image::Note& note) { return note.owner == "Linux"; });

  Subject out{.kernel = std::move(*kernel),
              .image = std::move(*image),
              .files = {},
              .modules = {},
              .command_line = {},
              .is_linux = is_linux};
  for (const std::string& name : options.initrds) {
    auto file = MappedFile::open(name, "initrd");
    if (!file) return Failed({file.error(), name});
    out.modules.push_back({.name = file_name(name), .bytes = file->bytes(), .command_line = {}});
    out.files.push_back(std::move(*file));
  }
  if (out.modules.empty() && is_linux)
    out.modules.push_back(
        {.name = "our initial RAM disk", .bytes = consumers::linux_disk(), .command_line = {}});
  out.command_line = options.command_line.value_or(std::string(is_linux ? kLinuxLine : kOtherLine));
  return out;
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
  if (options.engine == Engine::kKvm) {
    const auto outcome = kvm::run([&] { return kvm::Guest{.plan = &plan}; },
                                  {.memory = plan.backing, .timeout = options.timeout, .confine = true});
    if (!outcome) return std::unexpected(outcome.error());
    return outcome->value();
  }
  return qemu::run(plan, {.binary = options.qemu, .devices = {}, .timeout = options.timeout});
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
  report.consumer = file_name(options.names.front());
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
