#include "machine.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "pvh/board/board.hpp"
#include "registers.hpp"

namespace pvh::kvm {

namespace {

using run::Ending;
using run::Outcome;

using Clock = run::Supervisor::Clock;

/// For so long output is collected before it is passed on, but for what comes after a silence.
constexpr std::chrono::milliseconds kCollect{1};

/// No real-time signal: of those a user has only so many at once, and then none can be sent.
constexpr int kKick = SIGUSR1;

/// The signal that gets a CPU's thread out of the guest. It does nothing but to arrive.
class Kick {
 public:
  Kick() {
    struct sigaction nothing{};
    nothing.sa_handler = [](int) {};
    ::sigaction(kKick, &nothing, &before_);
  }
  Kick(const Kick&) = delete;
  Kick& operator=(const Kick&) = delete;
  ~Kick() { ::sigaction(kKick, &before_, nullptr); }

  static void listen() {
    sigset_t kick;
    ::sigemptyset(&kick);
    ::sigaddset(&kick, kKick);
    ::pthread_sigmask(SIG_UNBLOCK, &kick, nullptr);
  }

 private:
  struct sigaction before_{};
};

/// What KVM says when it cannot go on, in words for a report.
std::string internal_error(const kvm_run& exit) {
  switch (exit.internal.suberror) {
    case KVM_INTERNAL_ERROR_EMULATION:
      return "KVM could not emulate an instruction";
    case KVM_INTERNAL_ERROR_SIMUL_EX:
      return "KVM met several exceptions at once";
    case KVM_INTERNAL_ERROR_DELIVERY_EV:
      return "KVM could not deliver an exception or interrupt";
    default:
      return fmt::format("KVM internal error {}", exit.internal.suberror);
  }
}

}  // namespace

Machine::Machine(Vm& vm, CpuThreads& threads, std::span<Vcpu> cpus, const GuestMemory& memory,
                 const boot::EntryState& entry, run::Supervisor& supervisor, VirtioSlots& virtio,
                 virtio::Console* console)
    : threads_(threads),
      cpus_(cpus),
      memory_(memory),
      entry_(entry),
      supervisor_(supervisor),
      virtio_(virtio),
      console_(console),
      io_apics_(vm),
      serial_(io_apics_, board::kCom1Interrupt, [this] { event_.signal(); }),
      power_([this](Ending ending) { end(ending); }),
      reset_([this](Ending ending) { end(ending); }),
      panic_([this](Ending ending) { end(ending); }) {
  ports_.attach(board::kCom1Port, 8, serial_);
  ports_.attach(board::kRtcPort, Rtc::kSize, rtc_);
  ports_.attach(ResetPort::kPort, 1, reset_);
  ports_.attach(board::kPanicPort, PanicPort::kSize, panic_);
  mmio_.attach(board::kEventDevice.value(), EventDevice::kSize, event_device_);
  mmio_.attach(board::kPm1Control.value(), PowerRegisters::kSize, power_);
  io_apics_.attach(mmio_);
  virtio_.attach(mmio_);
  virtio_.on_failure([this](const Error& error) { fail(error); });
  if (console_ != nullptr) console_->on_change([this] { event_.signal(); });
  io_apics_.on_routed([this](std::span<const Route> routes) { virtio_.routed(routes); });
}

std::vector<int> Machine::descriptors() const {
  std::vector<int> all = {event_.descriptor()};
  for (const int descriptor : supervisor_.descriptors()) all.push_back(descriptor);
  for (const Vcpu& cpu : cpus_) all.push_back(cpu.descriptor());
  for (const int descriptor : virtio_.descriptors()) all.push_back(descriptor);
  return all;
}

Result<Outcome> Machine::run() {
  if (!event_.valid()) return std::unexpected(host_error("event descriptor", event_.error()));
  const Kick kick;
  threads_.hand_over([this](Vcpu& cpu) { run_cpu(cpu); }, [this](const Error& error) { fail(error); });
  system::EventLoop loop;
  loop.add(supervisor_);
  loop.add(*this);
  virtio_.join(loop);
  supervisor_.pauses(*this);
  for (;;) {
    loop.turn();
    serve_user();
    // The guest's own end goes before the user's, who could not know.
    auto end = guest_end();
    if (end && end->failure) {
      stop();
      return std::unexpected(std::move(*end->failure));
    }
    auto verdict = end ? std::nullopt : supervisor_.verdict();
    if (!end && !verdict) continue;
    stop();
    if (verdict) verdict->duration = supervisor_.elapsed();
    drain();
    if (auto lost = supervisor_.output_error()) return std::unexpected(std::move(*lost));
    Outcome outcome = end ? outcome_of(*end) : std::move(*verdict);
    outcome.mid_line = supervisor_.mid_line();
    return outcome;
  }
}

void Machine::pause() {
  std::unique_lock lock(pause_mutex_);
  pausing_ = true;
  for (Vcpu& cpu : cpus_) cpu.interrupt();
  threads_.signal(kKick);
  pause_changed_.wait(lock, [this] { return standing_ == cpus_.size() || stopping_; });
  lock.unlock();
  // After the CPUs: what they notified of last is still served, or stands in the queues.
  virtio_.pause();
}

void Machine::resume() {
  virtio_.resume();
  const std::lock_guard lock(pause_mutex_);
  pausing_ = false;
  pause_changed_.notify_all();
}

void Machine::stand_still(Vcpu& cpu) {
  std::unique_lock lock(pause_mutex_);
  if (!pausing_) return;
  ++standing_;
  pause_changed_.notify_all();
  pause_changed_.wait(lock, [this] { return !pausing_ || stopping_; });
  --standing_;
  if (!stopping_) cpu.proceed();
}

void Machine::ask_to_stop() {
  const std::lock_guard lock(pause_mutex_);
  stopping_ = true;
  pause_changed_.notify_all();
}

void Machine::stop() {
  ask_to_stop();
  // A CPU that has looked at `stopping_` already finds the flag as it enters the guest; one that is in the
  // guest is taken out by the signal. So one signal each is enough.
  for (Vcpu& cpu : cpus_) cpu.interrupt();
  threads_.signal(kKick);
  threads_.join();
  virtio_.stop();
}

void Machine::run_cpu(Vcpu& cpu) {
  Kick::listen();
  while (!stopping_) {
    if (pausing_) stand_still(cpu);
    const int error = cpu.run();
    if (error == 0)
      serve_exit(cpu);
    else if (error == EFAULT)
      end(Ending::kCrash,
          fmt::format("CPU {} met memory that the host cannot give it: a file that it is mapped from became "
                      "shorter, or the host has none left",
                      cpu.id()),
          true);
    else if (error == EAGAIN && cpu.id() == 0)
      // The others are told so until they are started. This one is: KVM could make no thread of its own.
      fail(host_error("thread that KVM needs (KVM_RUN)", error));
    else if (error != EINTR && error != EAGAIN)
      end(Ending::kCrash, fmt::format("KVM cannot run CPU {}: {}", cpu.id(), std::strerror(error)));
  }
}

void Machine::serve_exit(Vcpu& cpu) {
  const kvm_run& exit = cpu.exit();
  switch (exit.exit_reason) {
    case KVM_EXIT_IO:
      return access_port(cpu);
    case KVM_EXIT_MMIO:
      return access_memory(cpu);
    case KVM_EXIT_IOAPIC_EOI:
      return io_apics_.end_of_interrupt(exit.eoi.vector);
    case KVM_EXIT_INTR:
      return;
    case KVM_EXIT_SHUTDOWN:
      return end(Ending::kTripleFault, fmt::format("triple fault on CPU {}", cpu.id()));
    case KVM_EXIT_INTERNAL_ERROR:
      return end(Ending::kCrash, fmt::format("{} on CPU {}", internal_error(exit), cpu.id()));
    case KVM_EXIT_FAIL_ENTRY:
      return end(Ending::kCrash, fmt::format("the processor refused the state of CPU {} (reason {:#x})",
                                             cpu.id(), exit.fail_entry.hardware_entry_failure_reason));
    default:
      return end(Ending::kCrash,
                 fmt::format("CPU {} left the guest for an unknown reason ({})", cpu.id(), exit.exit_reason));
  }
}

void Machine::access_port(Vcpu& cpu) {
  const auto& io = cpu.exit().io;
  std::span<std::byte> data = cpu.port_data();
  for (; io.size > 0 && data.size() >= io.size; data = data.subspan(io.size)) {
    if (io.direction == KVM_EXIT_IO_IN)
      ports_.read(io.port, data.first(io.size));
    else
      ports_.write(io.port, data.first(io.size));
  }
}

void Machine::access_memory(Vcpu& cpu) {
  auto& access = cpu.exit().mmio;
  const auto data = std::as_writable_bytes(std::span(access.data))
                        .first(std::min<std::size_t>(access.len, sizeof access.data));
  if (access.is_write != 0)
    mmio_.write(access.phys_addr, data);
  else
    mmio_.read(access.phys_addr, data);
}

void Machine::end(Ending ending, std::string reason, bool memory_gone) {
  {
    const std::lock_guard lock(end_mutex_);
    if (!end_) end_ = End{.ending = ending, .reason = std::move(reason), .memory_gone = memory_gone};
  }
  end_all();
}

void Machine::end_all() {
  ask_to_stop();
  event_.signal();
}

void Machine::fail(const Error& error) {
  {
    const std::lock_guard lock(end_mutex_);
    if (!end_) end_ = End{.ending = Ending::kCrash, .reason = {}, .failure = error};
  }
  end_all();
}

void Machine::prepare(system::Waits& waits) {
  waits.on(event_.descriptor(), POLLIN);
  if (more_output_at_) waits.until(*more_output_at_);
}

void Machine::serve(system::Ready ready) {
  // Cleared before we look: what comes after that wakes us again.
  if (ready[0].revents != 0) event_.clear();
}

void Machine::serve_user() {
  serve_output();
  if (!supervisor_.typed().empty()) supervisor_.delivered(type(supervisor_.typed()));
}

void Machine::serve_output() {
  if (pass_output_on())
    more_output_at_ = Clock::now() + kCollect;
  else if (more_output_at_ && Clock::now() >= *more_output_at_)
    // A silence: the next byte shall be seen at once. A user who is slow wakes us himself.
    more_output_at_ =
        serial_.expect_output() && supervisor_.room() > 0 ? std::optional(Clock::now()) : std::nullopt;
}

std::size_t Machine::take_output(std::span<std::byte> into) {
  const std::size_t count = serial_.take_output(into);
  return count == 0 && console_ != nullptr ? console_->take_output(into) : count;
}

std::size_t Machine::type(Bytes keys) {
  return console_ != nullptr ? console_->type(keys) : serial_.type(keys);
}

bool Machine::pass_output_on() {
  std::array<std::byte, 4096> buffer;
  bool any = false;
  for (;;) {
    const std::size_t most = std::min(buffer.size(), supervisor_.room());
    const std::size_t count = most > 0 ? take_output(std::span(buffer).first(most)) : 0;
    if (count == 0) return any;
    supervisor_.print(std::span(buffer).first(count));
    any = true;
  }
}

void Machine::drain() {
  bool more = true;
  while (more) {
    more = pass_output_on();
    if (!supervisor_.flush()) return;
  }
}

std::optional<Machine::End> Machine::guest_end() {
  const std::lock_guard lock(end_mutex_);
  return end_;
}

Outcome Machine::outcome_of(const End& end) const {
  const auto& panic = supervisor_.panic();
  Outcome outcome{.ending = end.ending, .detail = {}, .signal = 0, .duration = supervisor_.elapsed()};
  switch (end.ending) {
    case Ending::kReboot:
    case Ending::kTripleFault:
      // What resets after a panic has panicked.
      if (panic) outcome.ending = Ending::kPanic;
      break;
    default:
      break;
  }
  if (outcome.ending == Ending::kPanic) outcome.detail = panic.value_or("");
  if (outcome.ending == Ending::kTripleFault || outcome.ending == Ending::kCrash)
    outcome.detail = report(end);
  return outcome;
}

std::string Machine::report(const End& end) const {
  return fmt::format("{}; the guest was entered at {:#x} with start info at {:#x}\n{}", end.reason,
                     entry_.eip, entry_.ebx, readable_registers(cpus_, end.memory_gone ? nullptr : &memory_));
}

}  // namespace pvh::kvm
