#include "monitors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "pvh/base/unique_fd.hpp"
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

Words qemu_command(const Options& options, const std::string& machine, const Work& work, const Files& files) {
  Words out{options.qemu,
            "-M",
            machine + (*work.asked.acpi ? "" : ",acpi=off"),
            "-accel",
            "tcg",
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

std::optional<std::string> beyond_template(const std::string& text, const Work& work) {
  const auto has = [&text](std::string_view name) { return text.find(name) != std::string::npos; };
  if (work.guest == Guest::kStops) return "a command shows no registers";
  if (work.extra_ranges != 0) return "a command has no word for it";
  if (work.asked.modules->size() > 1) return "a command has one module";
  if (!work.asked.modules->empty() && !has("{initrd}")) return "the command has no {initrd}";
  if (!work.asked.command_line->empty() && !has("{cmdline}")) return "the command has no {cmdline}";
  if (*work.asked.memory != 128 * kMiB && !has("{memory}")) return "the command has no {memory}";
  if (*work.asked.cpus != 1 && !has("{cpus}")) return "the command has no {cpus}";
  if (!*work.asked.acpi) return "a command has no word for it";
  return std::nullopt;
}

/// Puts values into `word`; false where one that it names is not there.
bool fill(std::string& word, const Work& work, const Files& files) {
  const std::array<std::pair<std::string, std::optional<std::string>>, 6> values{{
      {"{kernel}", files.kernel},
      {"{initrd}", files.modules.empty() ? std::nullopt : std::optional(files.modules.front())},
      {"{cmdline}", work.asked.command_line->empty() ? std::nullopt : work.asked.command_line},
      {"{memory}", mebibytes(work)},
      {"{cpus}", fmt::format("{}", *work.asked.cpus)},
      {"{output}", files.output},
  }};
  for (const auto& [name, value] : values) {
    for (std::size_t at = word.find(name); at != std::string::npos;
         at = word.find(name, at + value->size())) {
      if (!value) return false;
      word.replace(at, name.size(), *value);
    }
  }
  return true;
}

/// A template's words, brackets being words of their own.
Words split(const std::string& text) {
  Words out;
  std::string word;
  bool begun = false;
  char quote = 0;
  const auto end = [&] {
    if (begun) out.push_back(std::move(word));
    word.clear();
    begun = false;
  };
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      begun = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      end();
    } else if (c == '[' || c == ']') {
      end();
      out.emplace_back(1, c);
    } else {
      word += c;
      begun = true;
    }
  }
  end();
  return out;
}

/// The quote or bracket that has no end.
std::optional<std::string> left_open(const std::string& text) {
  char quote = 0;
  bool in_group = false;
  for (const char c : text) {
    if (quote != 0)
      quote = c == quote ? 0 : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '[' || c == ']')
      in_group = c == '[';
  }
  if (quote != 0) return std::string("a ") + quote;
  if (in_group) return "a [";
  return std::nullopt;
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

Monitor qemu_monitor(const Options& options, const std::string& machine) {
  return {.name = "qemu-" + machine,
          .version_command = {options.qemu, "--version"},
          .command = [=](const Work& work,
                         const Files& files) { return qemu_command(options, machine, work, files); },
          .cannot = beyond_qemu,
          .absent = [=] { return no_program(options.qemu); },
          .output_in_file = true,
          .asks_registers = true};
}

constexpr std::string_view kCommand = "command:";

}  // namespace

std::vector<std::string> expand(const std::string& text, const Work& work, const Files& files) {
  Words out;
  Words group;
  bool in_group = false;
  bool complete = true;
  for (std::string word : split(text)) {
    if (word == "[" && !in_group) {
      in_group = true;
      complete = true;
      group.clear();
    } else if (word == "]" && in_group) {
      in_group = false;
      if (complete) out.insert(out.end(), group.begin(), group.end());
    } else {
      const bool filled = fill(word, work, files);
      complete = complete && filled;
      if (in_group)
        group.push_back(word);
      else
        out.push_back(filled ? word : std::string());
    }
  }
  return out;
}

std::vector<std::string> producer_names() {
  return {"pvh-qemu", "pvh-kvm", "qemu-microvm", "qemu-q35", "qemu-pc", "xen", "command:'…{kernel}…'"};
}

Result<Monitor> monitor_named(const std::string& name, const Options& options) {
  for (const char* engine : {"qemu", "kvm"})
    if (name == std::string("pvh-") + engine) return pvh_monitor(options, engine);
  for (const char* machine : {"microvm", "q35", "pc"})
    if (name == std::string("qemu-") + machine) return qemu_monitor(options, machine);
  if (name == "xen") return xen_monitor(options);
  if (!name.starts_with(kCommand))
    return std::unexpected(Error{.what = Fault::kUnknownProducer,
                                 .subject = name,
                                 .wanted = fmt::format("{}", fmt::join(producer_names(), ", "))});
  const std::string text = name.substr(kCommand.size());
  if (text.find("{kernel}") == std::string::npos)
    return std::unexpected(Error{.what = Fault::kNoKernelPlace, .subject = text, .wanted = "{kernel}"});
  if (const auto open = left_open(text))
    return std::unexpected(Error{.what = Fault::kOpenTemplate, .subject = text, .found = *open});
  return Monitor{
      .name = name,
      .version_command = {},
      .command = [text](const Work& work, const Files& files) { return expand(text, work, files); },
      .cannot = [text](const Work& work) { return beyond_template(text, work); },
      .absent = [program = split(text).front()] { return not_found(program); },
      .output_in_file = text.find("{output}") != std::string::npos};
}

}  // namespace pvh::runners
