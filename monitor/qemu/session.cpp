#include "session.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "command_line.hpp"
#include "registers.hpp"

namespace pvh::qemu {

namespace {

/// How long QEMU may take to end itself when told to.
constexpr std::chrono::seconds kGrace{2};

/// How long it may take to print the CPUs' registers; a run does not hang for want of them.
constexpr std::chrono::seconds kRegisterGrace{2};

/// The oldest with all that command_line.cpp asks for: ioapic2 of the microvm machine came last.
constexpr int kOldestMajor = 6;

/// Reasons of QEMU's SHUTDOWN event.
constexpr std::string_view kGuestShutdown = "guest-shutdown";
constexpr std::string_view kGuestReset = "guest-reset";
constexpr std::string_view kGuestPanic =
    "guest-panic";  // or GUEST_PANICKED alone: the guest stands still then

constexpr std::size_t kQuotedLines = 4;

/// How long QEMU may take to pause; a stop of this process waits no longer.
constexpr std::chrono::seconds kPauseGrace{2};

// Places in what is waited for.
enum : std::size_t { kSerialIn, kSerialOut, kControlPoll, kMessagesPoll, kLogPoll, kExit };

/// Of a node's name as command_line.cpp gives it.
std::optional<std::size_t> disk_number(std::string_view node) {
  if (!node.starts_with(kDiskNode)) return std::nullopt;
  node.remove_prefix(kDiskNode.size());
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(node.data(), node.data() + node.size(), number);
  if (failed != std::errc() || end != node.data() + node.size()) return std::nullopt;
  return number;
}

}  // namespace

Session::Session(system::Process process, Connections connections, run::Supervisor& supervisor)
    : process_(std::move(process)),
      control_(std::move(connections.control)),
      to_serial_(std::move(connections.to_serial)),
      from_serial_(std::move(connections.from_serial)),
      messages_(std::move(connections.messages), ""),
      log_(std::move(connections.log), "Triple fault"),
      supervisor_(supervisor) {}

Result<run::Outcome> Session::run() {
  control_.execute("qmp_capabilities");
  control_.execute("cont");
  // QEMU has a session of its own, so that the terminal does not stop it with us; its clock shall stop too.
  supervisor_.pauses(*this);
  system::EventLoop loop;
  loop.add(supervisor_);
  loop.add(*this);
  while (!exited_) {
    loop.turn();
    decide();
  }
  drain();
  return report();
}

void Session::pause() {
  stands_ = false;
  control_.execute("stop");
  const auto limit = Clock::now() + kPauseGrace;
  while (!stands_ && control_.descriptor() >= 0 && Clock::now() < limit) {
    pollfd answer{.fd = control_.descriptor(), .events = POLLIN, .revents = 0};
    (void)::poll(&answer, 1, system::poll_timeout(limit));
    receive_control();
  }
}

void Session::resume() {
  if (shutdown_reason_.empty() && !kill_at_) control_.execute("cont");
}

void Session::prepare(system::Waits& waits) {
  const auto on = [&waits](bool wanted, int descriptor, short events) {
    waits.on(wanted ? descriptor : -1, events);
  };
  on(supervisor_.room() > 0, from_serial_.get(), POLLIN);
  on(!supervisor_.typed().empty(), to_serial_.get(), POLLOUT);
  on(true, control_.descriptor(), POLLIN);
  on(true, messages_.descriptor(), POLLIN);
  on(true, log_.descriptor(), POLLIN);
  on(true, process_.descriptor(), POLLIN);
  if (kill_at_) waits.until(*kill_at_);
}

void Session::serve(system::Ready ready) {
  if (ready[kControlPoll].revents != 0) receive_control();
  if (ready[kSerialIn].revents != 0 || !shutdown_reason_.empty()) read_serial();
  if (ready[kSerialOut].revents != 0) write_serial();
  if (ready[kMessagesPoll].revents != 0) messages_.serve();
  if (ready[kLogPoll].revents != 0) log_.serve();
  if (ready[kExit].revents != 0) exited_ = true;
}

void Session::receive_control() {
  for (const Message& message : control_.receive()) take(message);
}

void Session::take(const Message& message) {
  if (message.greeting && message.greeting->major < kOldestMajor && !error_) {
    const Version& version = *message.greeting;
    error_ = Error{.what = Fault::kQemuTooOld,
                   .subject = "QEMU",
                   .found = fmt::format("{}.{}.{}", version.major, version.minor, version.micro),
                   .wanted = fmt::format("{}.0", kOldestMajor)};
    quit();
  }
  if (message.event == "SHUTDOWN" && shutdown_reason_.empty()) shutdown_reason_ = message.reason;
  if (message.event == "STOP") stands_ = true;
  if (message.event == "GUEST_PANICKED" && shutdown_reason_.empty()) shutdown_reason_ = kGuestPanic;
  if (message.event == "BLOCK_IO_ERROR") report_disk(message);
  if (message.reply_to == "code") code_ = message.text;
  if (message.reply_to == "registers") registers_ = message.text;
}

void Session::report_disk(const Message& message) {
  const auto number = disk_number(message.node);
  // The guest is told of each; here a failing disk's first says it all.
  if (!number || !reported_disks_.insert(*number).second || !report_disk_) return;
  report_disk_(*number, Error{.what = Fault::kDiskFailed,
                              .subject = fmt::format("disk {}", *number),
                              .found = message.reason,
                              .wanted = std::string(message.reads ? "read" : "written")});
}

void Session::read_serial() {
  std::array<std::byte, 16 * 1024> buffer;
  while (from_serial_ && supervisor_.room() > 0) {
    const ssize_t count =
        ::read(from_serial_.get(), buffer.data(), std::min(buffer.size(), supervisor_.room()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      serial_drained_ = !shutdown_reason_.empty();
      return;
    }
    if (count <= 0) {
      from_serial_.reset();
      serial_drained_ = true;
      return;
    }
    supervisor_.print(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
}

void Session::write_serial() {
  const Bytes typed = supervisor_.typed();
  const ssize_t count = ::write(to_serial_.get(), typed.data(), typed.size());
  if (count > 0) supervisor_.delivered(static_cast<std::size_t>(count));
  // A guest that will never read: what is typed has nowhere to go.
  if (count < 0 && errno != EAGAIN && errno != EINTR) to_serial_.reset();
}

void Session::decide() {
  if (kill_at_) {
    if (Clock::now() < *kill_at_) {
      if (registers_asked_ && registers_ && !outcome_) conclude(outcome_of_reset());
      return;
    }
    if (registers_asked_ && !outcome_) return conclude(outcome_of_reset());
    process_.kill();
    kill_at_.reset();
    return;
  }
  if (outcome_ || error_) return;
  auto verdict = supervisor_.verdict();
  // The guest's own end goes before the user's, who could not know; a reader too slow for the rest does not
  // change it.
  if (!shutdown_reason_.empty() && (serial_drained_ || verdict)) {
    if (shutdown_reason_ == kGuestShutdown) return conclude({.ending = run::Ending::kPowerOff, .detail = {}});
    if (shutdown_reason_ == kGuestPanic)
      return conclude({.ending = run::Ending::kPanic, .detail = supervisor_.panic().value_or("")});
    if (shutdown_reason_ != kGuestReset) {
      error_ = Error{.what = Fault::kQemuDied, .subject = "QEMU", .found = shutdown_reason_};
      return quit();
    }
    log_.serve();
    if (!log_.needle_seen()) return conclude(outcome_of_reset());
    // The CPUs stand still where they failed.
    registers_asked_ = true;
    control_.ask("code", "x /16xb $pc");
    control_.ask("registers", "info registers -a");
    supervisor_.stop_alarms();
    kill_at_ = Clock::now() + kRegisterGrace;
    return;
  }
  if (verdict) conclude(std::move(*verdict));
}

run::Outcome Session::outcome_of_reset() const {
  if (supervisor_.panic()) return {.ending = run::Ending::kPanic, .detail = *supervisor_.panic()};
  if (log_.needle_seen())
    return {.ending = run::Ending::kTripleFault,
            .detail = readable_registers(registers_.value_or(""), code_)};
  return {.ending = run::Ending::kReboot, .detail = {}};
}

void Session::conclude(run::Outcome outcome) {
  outcome_ = std::move(outcome);
  outcome_->duration = supervisor_.elapsed();
  quit();
}

void Session::quit() {
  // Once it is decided how the run ends, the supervisor's alarms have nothing to say.
  supervisor_.stop_alarms();
  control_.execute("quit");
  kill_at_ = Clock::now() + kGrace;
}

void Session::drain() {
  receive_control();
  messages_.serve();
  log_.serve();
  // The pipe ends with QEMU. What is still in it goes out by way of the supervisor's queue, as fast as that
  // empties.
  do read_serial();
  while (supervisor_.flush() && from_serial_);
}

Result<run::Outcome> Session::report() {
  const std::string how = process_.wait();
  if (error_) return std::unexpected(std::move(*error_));
  if (auto lost = supervisor_.output_error()) return std::unexpected(std::move(*lost));
  if (outcome_) {
    outcome_->mid_line = supervisor_.mid_line();
    outcome_->warnings = messages_.last_lines(kQuotedLines, "\n");
    return std::move(*outcome_);
  }
  const std::string said = messages_.last_lines(kQuotedLines, "; ");
  return std::unexpected(Error{.what = Fault::kQemuDied,
                               .subject = "QEMU",
                               .found = said.empty() ? how : fmt::format("{}: {}", how, said)});
}

}  // namespace pvh::qemu
