// The CPUs' threads. The first one's has work before: it makes the machine and its CPUs beside the caller,
// who plans and loads the guest. Either half takes as long.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "guest_memory.hpp"
#include "placement.hpp"
#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"
#include "virtual_machine.hpp"

namespace pvh::kvm {

class CpuThreads {
 public:
  /// The first one begins at once. Memory and shape outlive it.
  CpuThreads(const GuestMemory& memory, const Shape& shape);
  CpuThreads(const CpuThreads&) = delete;
  CpuThreads& operator=(const CpuThreads&) = delete;
  /// Also before the guest runs.
  ~CpuThreads();

  /// Where the first CPU is to begin: the guest is loaded. Outlives this. Once.
  void enter_at(const boot::EntryState& entry);
  /// Waits for the machine, which this owns. Once.
  [[nodiscard]] Result<VirtualMachine*> made();
  /// Waits until it has its memory, the first CPU is at the guest's entry, the others wait to be started, and
  /// no descriptors are opened or used any more but the machine's. Once, after `enter_at`.
  [[nodiscard]] Result<void> ready();
  /// What each CPU's thread does last: once all are there, and confined where the options say so. Or else, on
  /// the first one's, `failed`. Once, after `ready`.
  void hand_over(std::function<void(Vcpu&)> work, std::function<void(const Error&)> failed);
  /// Sends a signal to each of these threads.
  void signal(int number);
  /// Waits for their end.
  void join();

 private:
  void begin();
  [[nodiscard]] Result<void> make();
  [[nodiscard]] Result<void> make_ready();
  [[nodiscard]] Result<void> start_others();
  void work(Vcpu& cpu);

  const GuestMemory& memory_;
  const Shape& shape_;
  Placement placement_;  ///< of the first one

  // Each written before the semaphore that follows is released, and read after.
  const boot::EntryState* entry_ = nullptr;  ///< null: there is nothing to enter
  std::binary_semaphore entry_given_{0};
  std::optional<VirtualMachine> machine_;
  std::optional<Error> not_made_;
  std::binary_semaphore made_{0};
  std::optional<Error> not_ready_;
  std::binary_semaphore ready_{0};

  std::function<void(Vcpu&)> work_;
  std::function<void(const Error&)> failed_;
  std::atomic<bool> handed_over_ = false;

  std::vector<std::thread> others_;  ///< the CPUs' but the first's; started by the first's
  std::thread first_;
};

}  // namespace pvh::kvm
