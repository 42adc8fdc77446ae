// One run of QEMU, from `cont` to its end.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/run/outcome.hpp"
#include "pvh/run/pausable.hpp"
#include "pvh/run/supervisor.hpp"
#include "pvh/system/byte_queue.hpp"
#include "pvh/system/event_loop.hpp"
#include "pvh/system/process.hpp"
#include "pvh/system/side_pipe.hpp"

namespace pvh::qemu {

/// Our ends of what QEMU inherited. The pipes do not block.
struct Connections {
  UniqueFd to_serial;
  UniqueFd from_serial;
  UniqueFd messages;
  UniqueFd log;
  UniqueFd control;
};

class Session final : private system::EventSource, public run::Pausable {
 public:
  Session(system::Process process, Connections connections, run::Supervisor& supervisor);

  /// Whom to tell, once of each, that a disk failed: `Options::report_disk`.
  void report_disks_to(std::function<void(std::size_t number, const Error& error)> report_disk) {
    report_disk_ = std::move(report_disk);
  }

  /// Until QEMU has ended, for whatever reason, and all that the guest said has been passed on.
  [[nodiscard]] Result<run::Outcome> run();

  void pause() override;
  void resume() override;

 private:
  using Clock = run::Supervisor::Clock;

  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  void receive_control();
  void take(const Message& message);
  void report_disk(const Message& message);
  void read_serial();
  void write_serial();
  void decide();
  void conclude(run::Outcome outcome);
  void quit();
  void drain();
  [[nodiscard]] run::Outcome outcome_of_reset() const;
  [[nodiscard]] Result<run::Outcome> report();

  system::Process process_;
  Control control_;
  UniqueFd to_serial_;
  UniqueFd from_serial_;
  system::SidePipe messages_;
  system::SidePipe log_;
  run::Supervisor& supervisor_;

  std::string shutdown_reason_;  ///< of QEMU's SHUTDOWN event, once it has come
  bool serial_drained_ = false;  ///< nothing was left in the pipe after that
  std::optional<std::string> registers_;
  std::string code_;
  bool registers_asked_ = false;
  std::optional<run::Outcome> outcome_;
  std::optional<Error> error_;
  std::optional<Clock::time_point> kill_at_;
  bool exited_ = false;
  bool stands_ = false;  ///< QEMU has said that its CPUs stand still
  std::function<void(std::size_t number, const Error& error)> report_disk_;
  std::set<std::size_t> reported_disks_;
};

}  // namespace pvh::qemu
