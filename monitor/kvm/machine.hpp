// The board around the virtual CPUs: their threads, what they need of us, and how a run ends.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bus.hpp"
#include "cpu_threads.hpp"
#include "guest_memory.hpp"
#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/run/outcome.hpp"
#include "pvh/run/pausable.hpp"
#include "pvh/run/supervisor.hpp"
#include "pvh/system/event.hpp"
#include "pvh/system/event_loop.hpp"
#include "pvh/virtio/console.hpp"
#include "system.hpp"
#include "virtio_slots.hpp"
#include "x86/io_apic.hpp"
#include "x86/power.hpp"
#include "x86/rtc.hpp"
#include "x86/serial.hpp"

namespace pvh::kvm {

/// One run. The caller's thread serves the user; each CPU has a thread of its own, in which the devices are
/// called.
class Machine final : private system::EventSource, public run::Pausable {
 public:
  /// All of these outlive it. `threads` runs the CPUs.
  Machine(Vm& vm, CpuThreads& threads, std::span<Vcpu> cpus, const GuestMemory& memory,
          const boot::EntryState& entry, run::Supervisor& supervisor, VirtioSlots& virtio,
          virtio::Console* console);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() override { stop(); }

  /// Until the guest or something else ends it, and all that the guest said has been passed on.
  [[nodiscard]] Result<run::Outcome> run();
  /// What of the process's descriptors a run uses, besides the virtual machine's own.
  [[nodiscard]] std::vector<int> descriptors() const;

  // On the caller's thread.
  void pause() override;
  void resume() override;

 private:
  /// How the guest ended.
  struct End {
    run::Ending ending;
    std::string reason;                 ///< of a crash
    bool memory_gone = false;           ///< guest memory cannot be read any more
    std::optional<Error> failure = {};  ///< not the guest's: the host could not go on
  };

  void stop();
  void ask_to_stop();  ///< on any thread: also ends a pause

  // On a CPU's thread.
  void run_cpu(Vcpu& cpu);
  void stand_still(Vcpu& cpu);
  void serve_exit(Vcpu& cpu);
  void access_port(Vcpu& cpu);
  void access_memory(Vcpu& cpu);
  void end(run::Ending ending, std::string reason = {}, bool memory_gone = false);
  void fail(const Error& error);
  void end_all();

  // On the caller's thread.
  void prepare(system::Waits& waits) override;
  void serve(system::Ready ready) override;
  void serve_user();
  void serve_output();
  [[nodiscard]] bool pass_output_on();
  [[nodiscard]] std::size_t take_output(std::span<std::byte> into);
  [[nodiscard]] std::size_t type(Bytes keys);
  void drain();
  [[nodiscard]] std::optional<End> guest_end();
  [[nodiscard]] run::Outcome outcome_of(const End& end) const;
  [[nodiscard]] std::string report(const End& end) const;

  CpuThreads& threads_;
  std::span<Vcpu> cpus_;
  const GuestMemory& memory_;
  const boot::EntryState& entry_;
  run::Supervisor& supervisor_;
  VirtioSlots& virtio_;
  virtio::Console* console_;  ///< null where there is none

  system::Event event_;  ///< something for the caller's thread
  IoApics io_apics_;
  Serial serial_;
  Rtc rtc_;
  EventDevice event_device_;
  PowerRegisters power_;
  ResetPort reset_;
  PanicPort panic_;
  Bus ports_;
  Bus mmio_;

  std::atomic<bool> stopping_ = false;
  std::mutex end_mutex_;
  std::optional<End> end_;

  std::mutex pause_mutex_;  // what follows
  std::condition_variable pause_changed_;
  std::atomic<bool> pausing_ = false;
  std::size_t standing_ = 0;  ///< CPUs whose threads wait in `stand_still`

  /// When to look for more output, since the guest has been told that nobody waits for each byte of it.
  std::optional<run::Supervisor::Clock::time_point> more_output_at_;
};

}  // namespace pvh::kvm
