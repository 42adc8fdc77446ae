// pvh run: boots, and says how it ended.

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "commands.hpp"
#include "devices.hpp"
#include "ending.hpp"
#include "engine_choice.hpp"
#include "kept_values.hpp"
#include "output.hpp"
#include "prepare.hpp"
#include "pvh/kvm/early.hpp"
#include "pvh/kvm/kvm.hpp"
#include "pvh/qemu/qemu.hpp"

namespace pvh::cli {
namespace {

bool is_linux(const image::ElfFile& elf) {
  for (const image::Note& note : elf.notes) {
    if (note.owner == "Linux") return true;
  }
  return false;
}

/// The engine that the user named, or the one that suits.
EngineChoice engine_for(const RunOptions& options) {
  if (options.engine != Engine::kAuto) return {options.engine, "asked for"};
  return choose_engine(options.machine, kvm::host());
}

/// What a person will want to know before the guest has the terminal.
void announce(const RunOptions& options, const EngineChoice& choice, const Prepared& prepared) {
  if (options.quiet) return;
  if (options.engine == Engine::kAuto) {
    complain(
        fmt::format("pvh: engine {} ({})\n", choice.engine == Engine::kKvm ? "kvm" : "qemu", choice.why));
  }
  if (prepared.seed && !options.machine.seed) {
    complain(fmt::format("pvh: placed at random; --randomize --seed {} does it again\n", *prepared.seed));
  }
  if (prepared.plan.version == 0 && is_linux(prepared.image.elf)) {
    complain("pvh: version 0 has no memory map, and Linux crashes at its start without one\n");
  }
  if (prepared.command_line.empty() && is_linux(prepared.image.elf)) {
    complain(
        "pvh: Linux with no command line prints nothing here; --append console=ttyS0 shows its output\n");
  }
}

/// Nothing where that failed; the user has been told why.
std::optional<Prepared> prepare_and_announce(const RunOptions& options, const EngineChoice& choice,
                                             const MachineOptions& machine) {
  auto prepared = prepare(machine);
  if (!prepared) {
    complain(message(prepared.error()));
    return std::nullopt;
  }
  announce(options, choice, *prepared);
  return std::move(*prepared);
}

/// Nothing where there is no guest to run; the user has been told why.
using RunResult = Result<std::optional<run::Outcome>>;

/// Nothing where one cannot be had; the user has been told why.
std::optional<HostEnds> open_or_tell(const MachineOptions& machine) {
  auto ends = open_host_ends(machine);
  if (ends) return std::move(*ends);
  complain(message(ends.error()));
  return std::nullopt;
}

/// The same.
std::optional<OwnDevices> devices_or_tell(const MachineOptions& machine) {
  auto ends = open_or_tell(machine);
  if (!ends) return std::nullopt;
  auto devices = own_devices(machine, std::move(*ends));
  if (devices) return std::move(*devices);
  complain(message({devices.error(), ""}));
  return std::nullopt;
}

RunResult run_kvm(const RunOptions& options, const EngineChoice& choice) {
  MachineOptions machine = options.machine;
  machine.interval_timer = false;
  const auto memory = board::backing(machine.memory);
  KeptValues kept;
  std::optional<OwnDevices> own;
  std::optional<Prepared> prepared;
  std::vector<FileView> files;
  const auto open_devices = [&]() -> std::optional<kvm::Devices> {
    own = devices_or_tell(machine);
    if (!own) return std::nullopt;
    return kvm::Devices{.all = own->devices, .console = own->console};
  };
  const auto plan = [&]() -> std::optional<kvm::Guest> {
    prepared = prepare_and_announce(options, choice, machine);
    if (!prepared) return std::nullopt;
    files = prepared->files();
    return kvm::Guest{.plan = &prepared->plan, .files = files};
  };
  return kvm::run(plan, {.memory = memory,
                         .cpus = machine.cpus,
                         .timeout = options.timeout,
                         .input = STDIN_FILENO,
                         .output = STDOUT_FILENO,
                         .devices = open_devices,
                         .confine = options.sandbox,
                         .kept = machine.cache ? &kept : nullptr});
}

RunResult run_qemu(const RunOptions& options, const EngineChoice& choice) {
  kvm::drop_early_machine();
  auto ends = open_or_tell(options.machine);
  if (!ends) return std::nullopt;
  // QEMU opens and locks disks itself; ours would be in its way.
  ends->disks.clear();
  MachineOptions machine = options.machine;
  machine.interval_timer = true;
  const auto prepared = prepare_and_announce(options, choice, machine);
  if (!prepared) return std::nullopt;
  return qemu::run(prepared->plan, {.binary = options.qemu,
                                    .cpus = machine.cpus,
                                    .devices = qemu_devices(machine, *ends),
                                    .report_disk =
                                        [&machine](std::size_t number, const Error& error) {
                                          if (number < machine.disks.size())
                                            complain(message({error, machine.disks[number].path}));
                                        },
                                    .timeout = options.timeout,
                                    .input = STDIN_FILENO,
                                    .output = STDOUT_FILENO});
}

void tell_ending(const run::Outcome& outcome) {
  // The guest stopped within a line: at a terminal, ours would go on in it.
  const bool new_line = outcome.mid_line && ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
  std::string text = new_line ? "\n" : "";
  if (const std::string warnings = warnings_text(outcome); !warnings.empty())
    text += fmt::format("pvh: {}\n", warnings);
  complain(fmt::format("{}pvh: {}\n", text, ending_text(outcome)));
}

}  // namespace

int run(const RunOptions& options) {
  const EngineChoice choice = engine_for(options);
  const auto run_guest = choice.engine == Engine::kKvm ? run_kvm : run_qemu;
  const auto outcome = run_guest(options, choice);
  if (!outcome) {
    complain(message({outcome.error(), ""}));
    return kExitError;
  }
  if (!*outcome) return kExitError;
  if (!options.quiet) tell_ending(**outcome);
  return exit_code_of(**outcome);
}

}  // namespace pvh::cli
