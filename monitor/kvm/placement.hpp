// Where a new thread starts. Linux tends to start it on its maker's CPU, where it waits for its maker
// although another CPU is idle.
#pragma once

#include <sched.h>

#include <latch>
#include <thread>

namespace pvh::kvm {

/// For one thread and those that it makes; made by its maker, and outlives all calls.
class Placement {
 public:
  Placement() : known_(::sched_getaffinity(0, sizeof allowed_, &allowed_) == 0) {}

  /// The maker's, once the thread is there: it goes to another CPU, where there is one.
  void leave_this_cpu(std::thread& thread) {
    leave(thread);
    left_.count_down();
  }
  /// The same for one that nobody waits for: it may come back should this CPU be idle sooner.
  void prefer_another_cpu(std::thread& thread) {
    leave(thread);
    if (known_) (void)::pthread_setaffinity_np(thread.native_handle(), sizeof allowed_, &allowed_);
    left_.count_down();
  }

  /// Each such thread's own, once it has started: it may run wherever the maker could when this was made.
  void go_anywhere() {
    left_.wait();
    if (known_) (void)::sched_setaffinity(0, sizeof allowed_, &allowed_);
  }

 private:
  void leave(std::thread& thread) {
    if (!known_) return;
    cpu_set_t others = allowed_;
    CPU_CLR(::sched_getcpu(), &others);
    (void)::pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
  }

  cpu_set_t allowed_{};
  bool known_;  ///< not on hosts of more CPUs than fit into `allowed_`
  std::latch left_{1};
};

}  // namespace pvh::kvm
