#include "monitors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "pvh/base/unique_fd.hpp"
#include "template.hpp"
#include "xen.hpp"

namespace pvh::runners {
namespace {

using Words = std::vector<std::string>;

std::string mebibytes(const Work& work) {
  return fmt::format("{}", *work.asked.memory / kMiB);
}

/// pvh's own notation, in which a comma ends a file's name.
std::string doubled_commas(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == ',' ? std::string(",,") : std::string(1, c);
  return out;
}

Words pvh_command(const Options& options, const std::string& engine, const Work& work, const Files& files) {
  Words out{options.pvh, "run", files.kernel, "--engine", engine, "-m", mebibytes(work) + "M"};
  out.insert(out.end(),
             {"--cpus", fmt::format("{}", *work.asked.cpus), "--append", *work.asked.command_line});
  if (!*work.asked.acpi) out.emplace_back("--no-acpi");
  if (engine == "qemu") out.insert(out.end(), {"--qemu", options.qemu});
  for (std::size_t i = 0; i < files.modules.size(); ++i) {
    const auto& words = (*work.asked.modules)[i].command_line;
    out.insert(out.end(), {"--module", doubled_commas(files.modules[i]) + (words ? "," + *words : "")});
  }
  // A page in every 128 KiB, from 32 MiB up.
  for (unsigned i = 0; i < work.extra_ranges; ++i)
    out.insert(out.end(), {"--memmap", fmt::format("reserved@{:#x}+4K", 32 * kMiB + i * 128 * kKiB)});
  return out;
}

/// QEMU's own machine, under what QEMU calls an accelerator.
struct QemuMachine {
  std::string_view name;
  std::string_view machine;
  std::string_view accelerator;
};

constexpr std::array kQemuMachines{
    QemuMachine{"qemu-microvm", "microvm", "tcg"}, QemuMachine{"qemu-q35", "q35", "tcg"},
    QemuMachine{"qemu-pc", "pc", "tcg"},           QemuMachine{"qemu-microvm-kvm", "microvm", "kvm"},
    QemuMachine{"qemu-q35-kvm", "q35", "kvm"},     QemuMachine{"qemu-pc-kvm", "pc", "kvm"}};

Words qemu_command(const Options& options, const QemuMachine& machine, const Work& work, const Files& files) {
  Words out{options.qemu,
            "-M",
            fmt::format("{}{}", machine.machine, *work.asked.acpi ? "" : ",acpi=off"),
            "-accel",
            std::string(machine.accelerator),
            "-m",
            mebibytes(work) + "M",
            "-smp",
            fmt::format("{}", *work.asked.cpus),
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-serial",
            "file:" + files.output,
            "-monitor",
            "stdio",
            "-no-reboot"};
  // A guest that stops at its entry is to be looked at.
  if (work.guest == Guest::kStops) out.emplace_back("-no-shutdown");
  out.insert(out.end(), {"-kernel", files.kernel});
  if (!work.asked.command_line->empty()) out.insert(out.end(), {"-append", *work.asked.command_line});
  if (!files.modules.empty()) out.insert(out.end(), {"-initrd", files.modules.front()});
  return out;
}

std::optional<std::string> beyond_qemu(const Work& work) {
  if (work.asked.modules->size() > 1) return "QEMU's loader has one module";
  if (work.extra_ranges != 0) return "QEMU's memory map is its own";
  return std::nullopt;
}

constexpr std::uint64_t kUsualMemory = 128 * kMiB;

std::optional<std::string> beyond_template(const Template& text, const Work& work) {
  const auto without = [](Place place) { return fmt::format("the command has no {}", place_name(place)); };
  if (work.guest == Guest::kStops) return "a command shows no registers";
  if (work.extra_ranges != 0 || !*work.asked.acpi) return "a command has no word for it";
  if (work.asked.modules->size() > 1) return "a command has one module";
  if (!work.asked.modules->empty() && !text.has(Place::kInitrd)) return without(Place::kInitrd);
  // Any other case is the same with the monitor's own command line.
  if (work.asked.about == Clause::kStart5 && !text.has(Place::kCommandLine))
    return without(Place::kCommandLine);
  const bool about_memory = *work.asked.memory != kUsualMemory || !work.asked.fits;
  if (about_memory && !text.has(Place::kMemory)) return without(Place::kMemory);
  if (*work.asked.cpus != 1 && !text.has(Place::kCpus)) return without(Place::kCpus);
  return std::nullopt;
}

conform::Case told_by_template(const Template& text, const Work& work) {
  conform::Case out = work.asked;
  out.acpi.reset();
  if (!text.has(Place::kMemory)) out.memory.reset();
  if (!text.has(Place::kCpus)) out.cpus.reset();
  if (!text.has(Place::kCommandLine)) out.command_line.reset();
  if (!text.has(Place::kInitrd)) out.modules.reset();
  return out;
}

Words template_command(const Template& text, const Work& work, const Files& files) {
  PlaceValues values;
  values.set(Place::kKernel, files.kernel)
      .set(Place::kMemory, mebibytes(work))
      .set(Place::kCpus, fmt::format("{}", *work.asked.cpus))
      .set(Place::kOutput, files.output);
  if (!files.modules.empty()) values.set(Place::kInitrd, files.modules.front());
  if (!work.asked.command_line->empty()) values.set(Place::kCommandLine, work.asked.command_line);
  return text.filled(values);
}

std::optional<std::string> no_program(const std::string& program) {
  const Ran ran = run_process({program, "--version"}, std::chrono::seconds(20));
  if (ran.started) return std::nullopt;
  return fmt::format("{} cannot be started: {}", program, ran.reason);
}

std::optional<std::string> no_kvm() {
  const UniqueFd device(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (device) return std::nullopt;
  return fmt::format("/dev/kvm cannot be opened: {}", std::strerror(errno));
}

/// As the shell would find it. It is not run: a user's command may take any word for its work.
std::optional<std::string> not_found(const std::string& program) {
  const auto runs = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  if (program.contains('/'))
    return runs(program) ? std::nullopt : std::optional(program + " is no program that could be started");
  const char* const path = std::getenv("PATH");
  for (std::string_view rest = path != nullptr ? path : "/usr/bin:/bin"; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (runs(fmt::format("{}/{}", rest.substr(0, end), program))) return std::nullopt;
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return fmt::format("there is no program {} in PATH", program);
}

Monitor pvh_monitor(const Options& options, const std::string& engine) {
  return {.name = "pvh-" + engine,
          .version_command = {options.pvh, "--version"},
          .command = [=](const Work& work,
                         const Files& files) { return pvh_command(options, engine, work, files); },
          .cannot = [](const Work&) { return std::nullopt; },
          .absent = [=] { return engine == "kvm" ? no_kvm() : no_program(options.qemu); }};
}

Monitor qemu_monitor(const Options& options, const QemuMachine& machine) {
  return {.name = std::string(machine.name),
          .version_command = {options.qemu, "--version"},
          .command = [=](const Work& work,
                         const Files& files) { return qemu_command(options, machine, work, files); },
          .cannot = beyond_qemu,
          .absent = [=]() -> std::optional<std::string> {
            const auto kvm = machine.accelerator == "kvm" ? no_kvm() : std::nullopt;
            return kvm ? kvm : no_program(options.qemu);
          },
          .output_in_file = true,
          .asks_registers = true};
}

constexpr std::string_view kCommand = "command:";

Result<Monitor> any_monitor(const std::string& name) {
  auto text = Template::parse(std::string_view(name).substr(kCommand.size()));
  if (!text) return std::unexpected(text.error());
  return Monitor{
      .name = name,
      .version_command = {},
      .command = [text = *text](const Work& work,
                                const Files& files) { return template_command(text, work, files); },
      .cannot = [text = *text](const Work& work) { return beyond_template(text, work); },
      .told = [text = *text](const Work& work) { return told_by_template(text, work); },
      .absent = [program = text->program()] { return program ? not_found(*program) : std::nullopt; },
      .output_in_file = text->has(Place::kOutput)};
}

}  // namespace

std::vector<std::string> producer_names() {
  std::vector<std::string> out{"pvh-qemu", "pvh-kvm"};
  for (const QemuMachine& machine : kQemuMachines) out.emplace_back(machine.name);
  out.insert(out.end(), {"xen", "command:'…{kernel}…'"});
  return out;
}

Result<Monitor> monitor_named(const std::string& name, const Options& options) {
  for (const char* engine : {"qemu", "kvm"})
    if (name == std::string("pvh-") + engine) return pvh_monitor(options, engine);
  for (const QemuMachine& machine : kQemuMachines)
    if (name == machine.name) return qemu_monitor(options, machine);
  if (name == "xen") return xen_monitor(options);
  if (name.starts_with(kCommand)) return any_monitor(name);
  return std::unexpected(Error{.what = Fault::kUnknownProducer,
                               .subject = name,
                               .wanted = fmt::format("{}", fmt::join(producer_names(), ", "))});
}

}  // namespace pvh::runners
