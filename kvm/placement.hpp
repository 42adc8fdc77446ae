// Where a new thread starts. Linux tends to start it on its maker's CPU, where it waits for its maker
// although another CPU is idle.
#pragma once

#include <sched.h>

#include <semaphore>
#include <thread>

namespace pvh::kvm {

/// For one thread; made by its maker, and outlives both calls.
class Placement {
 public:
  Placement() : known_(::sched_getaffinity(0, sizeof allowed_, &allowed_) == 0) {}

  /// The maker's, once the thread is there: it goes to another CPU, where there is one.
  void leave_this_cpu(std::thread& thread) {
    if (known_) {
      cpu_set_t others = allowed_;
      CPU_CLR(::sched_getcpu(), &others);
      (void)::pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
    }
    left_.release();
  }

  /// The thread's own, once it has started: from now on it may run wherever its maker may.
  void go_anywhere() {
    left_.acquire();
    if (known_) (void)::sched_setaffinity(0, sizeof allowed_, &allowed_);
  }

 private:
  cpu_set_t allowed_{};
  bool known_;  ///< not on hosts of more CPUs than fit into `allowed_`
  std::binary_semaphore left_{0};
};

}  // namespace pvh::kvm
