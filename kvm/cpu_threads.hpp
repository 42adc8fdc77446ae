// The CPUs' threads. The first one's has work before: its guest is planned there, loaded, and the machine
// gets its memory, all that beside the caller, who makes the machine and its CPUs. Either half takes as long.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include "guest_memory.hpp"
#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

class CpuThreads {
 public:
  /// The first one begins at once, with the plan. All of these outlive it.
  CpuThreads(const Planner& planner, const GuestMemory& memory, const Options& options);
  CpuThreads(const CpuThreads&) = delete;
  CpuThreads& operator=(const CpuThreads&) = delete;
  /// Also before the guest runs.
  ~CpuThreads();

  /// Waits for the plan.
  [[nodiscard]] const std::optional<Guest>& guest();
  /// The machine that gets the memory, which outlives this. Once.
  void give(Vm& vm);
  /// Its CPUs, which outlive this. The first will be at the guest's entry, the others wait to be started.
  /// Once.
  void give(std::span<Vcpu> cpus);

  /// Waits until the guest is loaded, the first CPU at its entry, and no descriptors are opened or used any
  /// more but the machine's. After what there is to give.
  [[nodiscard]] Result<void> loaded();
  /// What each CPU's thread does last: once all are there, and confined where the options say so. Or else, on
  /// the first one's, `failed`. Once, after `loaded`.
  void hand_over(std::function<void(Vcpu&)> work, std::function<void(const Error&)> failed);
  /// Sends a signal to each of these threads.
  void signal(int number);
  /// Waits for their end.
  void join();

 private:
  void begin();
  [[nodiscard]] Result<void> load_guest();
  [[nodiscard]] Result<void> start_others();
  void work(Vcpu& cpu);

  const Planner& planner_;
  const GuestMemory& memory_;
  const Options& options_;

  // Each written before the semaphore that follows is released, and read after.
  std::optional<Guest> guest_;
  std::binary_semaphore planned_{0};
  Vm* vm_ = nullptr;  ///< null: there will be none
  std::binary_semaphore vm_given_{0};
  std::span<Vcpu> cpus_;  ///< empty: there will be none
  std::binary_semaphore cpus_given_{0};
  std::optional<Error> error_;
  std::binary_semaphore loaded_{0};

  std::function<void(Vcpu&)> work_;
  std::function<void(const Error&)> failed_;
  std::atomic<bool> handed_over_ = false;

  bool guest_seen_ = false;
  std::vector<std::thread> others_;  ///< the CPUs' but the first's; started by the first's
  std::thread first_;
};

}  // namespace pvh::kvm
