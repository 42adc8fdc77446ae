// pvh run: boots, and says how it ended.

#include <fmt/format.h>
#include <unistd.h>

#include <expected>
#include <utility>

#include "cache_limit.hpp"
#include "commands.hpp"
#include "ending.hpp"
#include "engine_words.hpp"
#include "output.hpp"
#include "pvh/kvm/early.hpp"
#include "pvh/kvm/kvm.hpp"
#include "pvh/launch/devices.hpp"
#include "pvh/launch/engine_choice.hpp"
#include "pvh/launch/kept_values.hpp"
#include "pvh/launch/prepare.hpp"
#include "pvh/qemu/qemu.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

/// What a person will want to know before the guest has the terminal.
void announce(const RunOptions& options, const launch::EngineChoice& choice,
              const launch::Prepared& prepared) {
  if (options.quiet) return;
  if (options.engine == Engine::kAuto) {
    complain(fmt::format("pvh: engine {} ({})\n", choice.engine == Engine::kKvm ? "kvm" : "qemu",
                         reason_text(choice.why)));
  }
  if (prepared.seed && !options.machine.seed) {
    complain(fmt::format("pvh: placed at random; --randomize --seed {} does it again\n", *prepared.seed));
  }
  if (prepared.plan.version == 0 && launch::is_linux(prepared.image.elf)) {
    complain("pvh: version 0 has no memory map, and Linux crashes at its start without one\n");
  }
  if (prepared.command_line.empty() && launch::is_linux(prepared.image.elf)) {
    complain(
        "pvh: Linux with no command line prints nothing here; --append console=ttyS0 shows its output\n");
  }
}

/// How the guest's run ended, or what stood in its way.
using RunResult = std::expected<run::Outcome, Failure>;

void tell_failure(const Failure& failure) {
  complain(message(failure));
}

RunResult told_by(Result<run::Outcome> outcome) {
  if (!outcome) return std::unexpected(Failure{outcome.error()});
  return std::move(*outcome);
}

RunResult run_kvm(const RunOptions& options, const launch::EngineChoice& choice) {
  MachineOptions machine = options.machine;
  machine.interval_timer = false;
  const auto memory = board::backing(machine.memory);
  launch::KeptValues kept;
  auto start = kvm::Start::begin({.memory = memory,
                                  .cpus = machine.cpus,
                                  .confine = options.sandbox,
                                  .kept = machine.cache ? &kept : nullptr});
  auto devices = launch::open_kvm_devices(machine, tell_failure);
  if (!devices) return std::unexpected(devices.error());
  start.attach(std::move(*devices));
  const auto guest = launch::prepare(machine);
  if (!guest) return std::unexpected(guest.error());
  announce(options, choice, *guest);
  const auto files = guest->files();
  return told_by(std::move(start).run({.plan = &guest->plan, .files = files}, {.timeout = options.timeout}));
}

RunResult run_qemu(const RunOptions& options, const launch::EngineChoice& choice) {
  kvm::drop_early_machine();
  MachineOptions machine = options.machine;
  machine.interval_timer = true;
  auto start = qemu::Start::begin({.binary = options.qemu, .cpus = machine.cpus});
  auto backends = launch::open_backends(machine);
  if (!backends) return std::unexpected(backends.error());
  // QEMU opens and locks disks itself; ours would be in its way.
  backends->disks.clear();
  start.attach(launch::qemu_devices(machine, *backends), [&machine](std::size_t number, const Error& error) {
    if (number < machine.disks.size()) tell_failure({error, machine.disks[number].path});
  });
  const auto guest = launch::prepare(machine);
  if (!guest) return std::unexpected(guest.error());
  announce(options, choice, *guest);
  const auto files = guest->files();
  return told_by(std::move(start).run({.plan = &guest->plan, .files = files}, {.timeout = options.timeout}));
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

int run(const RunOptions& asked) {
  RunOptions options = asked;
  if (options.machine.cache) options.machine.cache_limit = cache_limit();
  const launch::EngineChoice choice = launch::choose_engine(
      options.engine, options.machine, options.engine == Engine::kAuto ? kvm::host() : kvm::Host::kReady);
  const auto run_guest = choice.engine == Engine::kKvm ? run_kvm : run_qemu;
  const auto outcome = run_guest(options, choice);
  if (!outcome) {
    tell_failure(outcome.error());
    return kExitError;
  }
  if (!options.quiet) tell_ending(*outcome);
  return exit_code_of(*outcome);
}

}  // namespace pvh::cli
