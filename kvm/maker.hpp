// The thread that becomes the first CPU's: before, it has its guest planned, loads it, and makes the CPUs and
// the other ones' threads. All that beside the caller, who makes the machine and gives it memory: KVM takes
// longer for that than a plan takes us.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include "cpuid_table.hpp"
#include "guest_memory.hpp"
#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

/// Begins at once.
class Maker {
 public:
  /// All of these outlive it.
  Maker(const Planner& planner, const GuestMemory& memory, const Options& options);
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  /// Also in the middle of the making.
  ~Maker();

  /// Waits for the plan.
  [[nodiscard]] const std::optional<Guest>& guest();
  /// The machine that the CPUs are for, which outlives them, and may not have its memory yet. Once.
  void make_cpus(System system, Vm& vm);
  /// Waits for them, after `make_cpus`. The first will be at the guest's entry, the others wait to be
  /// started.
  [[nodiscard]] Result<std::span<Vcpu>> cpus();

  /// What each CPU's thread does last: once the guest is loaded, all of them are there, and confined where
  /// the options say so. Or else, on the first one's, `failed`. Once, after `cpus`.
  void hand_over(std::function<void(Vcpu&)> work, std::function<void(const Error&)> failed);
  /// Sends a signal to each of these threads.
  void signal(int number);
  /// Waits for their end.
  void join();

 private:
  void make();
  [[nodiscard]] Result<void> make_guest();
  [[nodiscard]] Result<void> settle();
  [[nodiscard]] Result<void> make_cpus(const KeptCpuid& kept);
  [[nodiscard]] Result<void> make_threads();
  void work(Vcpu& cpu);

  const Planner& planner_;
  const GuestMemory& memory_;
  const Options& options_;

  // Each written before the semaphore that follows is released, and read after.
  std::optional<Guest> guest_;
  std::binary_semaphore planned_{0};
  std::optional<System> system_;
  Vm* vm_ = nullptr;  ///< null: there will be none
  std::binary_semaphore machine_made_{0};
  std::vector<Vcpu> cpus_;
  std::optional<Error> error_;
  std::binary_semaphore cpus_made_{0};

  bool guest_seen_ = false;
  bool machine_given_ = false;
  bool cpus_seen_ = false;

  std::function<void(Vcpu&)> work_;
  std::function<void(const Error&)> failed_;
  std::atomic<bool> handed_over_ = false;
  std::vector<std::thread> others_;  ///< the CPUs' but the first's; made by the first's
  std::thread thread_;
};

}  // namespace pvh::kvm
