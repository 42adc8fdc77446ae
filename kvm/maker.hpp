// Makes a virtual machine in a thread of its own, so that it gets ready while its guest is still being
// planned: KVM takes longer for it than a plan takes us. And a thread for each of its CPUs.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <semaphore>
#include <span>
#include <thread>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {

/// Begins at once. The maker's thread is the first CPU's afterwards: to start another would take time.
class Maker {
 public:
  explicit Maker(const MonitorOptions& options);
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  /// Also in the middle of the making.
  ~Maker();

  /// Waits for the machine, which has no memory yet: to give it some is the caller's, and goes on beside the
  /// making of its CPUs.
  [[nodiscard]] Result<Vm*> vm();
  /// Waits for its CPUs, which have their CPUID and are as after a reset, and each its thread. Where the
  /// options say so, these are confined by then.
  [[nodiscard]] Result<std::span<Vcpu>> cpus();

  /// What each CPU's thread does next, and last. Once, after `cpus`.
  void hand_over(std::function<void(Vcpu&)> work);
  /// Sends a signal to each of these threads.
  void signal(int number);
  /// Waits for their end.
  void join();

 private:
  void make();
  [[nodiscard]] Result<void> make_machine();
  [[nodiscard]] Result<void> make_threads();
  void work(Vcpu& cpu);
  [[nodiscard]] Result<void> make_cpus(const System& system);

  MonitorOptions options_;

  // Written by the thread before it releases the semaphore that follows them, read after.
  std::optional<Vm> vm_;
  std::binary_semaphore vm_made_{0};
  std::vector<Vcpu> cpus_;
  std::optional<Error> error_;
  std::binary_semaphore cpus_made_{0};
  bool vm_seen_ = false;
  bool cpus_seen_ = false;

  std::function<void(Vcpu&)> work_;
  std::atomic<bool> handed_over_ = false;
  std::vector<std::thread> others_;  ///< the CPUs' but the first's; made by the first's
  std::thread thread_;
};

}  // namespace pvh::kvm
