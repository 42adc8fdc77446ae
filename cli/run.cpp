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

Result<engine::Outcome> run_kvm(const RunOptions& options, const Prepared& prepared, kvm::Monitor& monitor,
                                HostEnds ends) {
  const auto own = own_devices(options.machine, std::move(ends));
  if (!own) return std::unexpected(own.error());
  const auto files = prepared.files();
  return monitor.run(prepared.plan, {.timeout = options.timeout,
                                     .files = files,
                                     .input = 0,
                                     .output = 1,
                                     .devices = own->devices,
                                     .console = own->console});
}

Result<engine::Outcome> run_qemu(const RunOptions& options, const boot::BootPlan& plan, HostEnds ends) {
  // QEMU opens and locks disks itself; ours would be in its way.
  ends.disks.clear();
  return qemu::run(plan, {.binary = options.qemu,
                          .cpus = options.machine.cpus,
                          .devices = qemu_devices(options.machine, ends),
                          .timeout = options.timeout,
                          .input = 0,
                          .output = 1});
}

}  // namespace

int run(const RunOptions& options) {
  auto ends = open_host_ends(options.machine);
  if (!ends) {
    complain(message(ends.error()));
    return kExitError;
  }
  const EngineChoice choice = engine_for(options);
  MachineOptions machine = options.machine;
  machine.interval_timer = choice.engine == Engine::kQemu;
  KeptValues kept;
  std::optional<kvm::Monitor> monitor;
  if (choice.engine == Engine::kKvm)
    monitor.emplace(kvm::MonitorOptions{
        .cpus = machine.cpus, .confine = options.sandbox, .kept = machine.cache ? &kept : nullptr});
  const auto prepared = prepare(machine);
  if (!prepared) {
    complain(message(prepared.error()));
    return kExitError;
  }
  announce(options, choice, *prepared);
  const auto outcome = monitor ? run_kvm(options, *prepared, *monitor, std::move(*ends))
                               : run_qemu(options, prepared->plan, std::move(*ends));
  if (!outcome) {
    complain(message({outcome.error(), ""}));
    return kExitError;
  }
  if (!options.quiet) {
    // The guest stopped within a line: at a terminal, ours would go on in it.
    const bool new_line = outcome->mid_line && ::isatty(STDOUT_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0;
    if (const std::string warnings = warnings_text(*outcome); !warnings.empty())
      complain(fmt::format("{}pvh: {}\npvh: {}\n", new_line ? "\n" : "", warnings, ending_text(*outcome)));
    else
      complain(fmt::format("{}pvh: {}\n", new_line ? "\n" : "", ending_text(*outcome)));
  }
  return exit_code_of(*outcome);
}

}  // namespace pvh::cli
