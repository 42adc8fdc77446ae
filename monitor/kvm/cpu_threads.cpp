#include "cpu_threads.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <latch>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>

#include "new_thread.hpp"
#include "sandbox/sandbox.hpp"
#include "x86/entry.hpp"

namespace pvh::kvm {

CpuThreads::CpuThreads(const GuestMemory& memory, const Shape& shape) : memory_(memory), shape_(shape) {
  first_ = start_thread([this] { begin(); });
  if (!first_.joinable()) {
    not_made_ = host_error("thread for a virtual CPU", EAGAIN);
    made_.release();
  } else {
    placement_.leave_this_cpu(first_);
  }
}

CpuThreads::~CpuThreads() {
  join();
}

void CpuThreads::enter_at(const boot::EntryState& entry) {
  entry_ = &entry;
  entry_given_.release();
}

Result<VirtualMachine*> CpuThreads::made() {
  made_.acquire();
  if (not_made_) return std::unexpected(*not_made_);
  return &*machine_;
}

Result<void> CpuThreads::ready() {
  ready_.acquire();
  if (not_ready_) return std::unexpected(*not_ready_);
  return {};
}

void CpuThreads::hand_over(std::function<void(Vcpu&)> work, std::function<void(const Error&)> failed) {
  work_ = std::move(work);
  failed_ = std::move(failed);
  handed_over_ = true;
  handed_over_.notify_all();
}

void CpuThreads::signal(int number) {
  for (std::thread& thread : others_) ::pthread_kill(thread.native_handle(), number);
  if (first_.joinable()) ::pthread_kill(first_.native_handle(), number);
}

void CpuThreads::join() {
  if (!first_.joinable()) return;
  // Where the run never came so far.
  if (entry_ == nullptr) entry_given_.release();
  if (!handed_over_) hand_over({}, {});
  first_.join();
  for (std::thread& thread : others_) thread.join();
  others_.clear();
}

void CpuThreads::begin() {
  const auto made = make();
  if (!made) not_made_ = made.error();
  made_.release();
  if (!made) return;
  const auto ready = make_ready();
  if (!ready) not_ready_ = ready.error();
  const bool goes_on = ready && entry_ != nullptr;
  ready_.release();
  if (!goes_on) return;
  // Last, and beside what the caller still does.
  const auto confined = shape_.confine ? sandbox::confine_thread(sandbox::Thread::kCpu) : Result<void>();
  if (confined) return work(machine_->cpus.front());
  handed_over_.wait(false);
  if (failed_) failed_(confined.error());
}

void CpuThreads::work(Vcpu& cpu) {
  handed_over_.wait(false);
  if (work_) work_(cpu);
}

Result<void> CpuThreads::make() {
  auto machine = make_virtual_machine(shape_, find_cpuid(shape_.kept));
  if (!machine) return std::unexpected(machine.error());
  machine_.emplace(std::move(*machine));
  return {};
}

Result<void> CpuThreads::make_ready() {
  if (auto added = add_memory(*machine_, memory_); !added) return added;
  entry_given_.acquire();
  if (entry_ == nullptr) return {};
  placement_.go_anywhere();
  // The others wait for the first to start them.
  if (auto entered = enter(machine_->cpus.front(), *entry_); !entered) return entered;
  if (shape_.confine) {
    // The other CPUs' threads inherit it.
    if (auto done = sandbox::give_up_rights(); !done) return done;
  }
  return start_others();
}

Result<void> CpuThreads::start_others() {
  const auto count = static_cast<std::ptrdiff_t>(machine_->cpus.size() - 1);
  if (count == 0) return {};
  others_.reserve(static_cast<std::size_t>(count));
  // The guest does not begin before all are confined.
  std::latch confined(count);
  std::optional<Error> failure;
  std::mutex failure_mutex;
  for (Vcpu& cpu : std::span(machine_->cpus).subspan(1)) {
    try {
      others_.emplace_back([&, this] {
        if (shape_.confine) {
          if (const auto done = sandbox::confine_thread(sandbox::Thread::kCpu); !done) {
            const std::lock_guard lock(failure_mutex);
            failure = done.error();
          }
        }
        confined.count_down();
        work(cpu);
      });
    } catch (const std::system_error& error) {  // the library's only way to say it
      const std::lock_guard lock(failure_mutex);
      failure = host_error("thread for a virtual CPU", error.code().value());
      confined.count_down(count - static_cast<std::ptrdiff_t>(others_.size()));
      break;
    }
  }
  confined.wait();
  const std::lock_guard lock(failure_mutex);
  if (failure) return std::unexpected(*failure);
  return {};
}

}  // namespace pvh::kvm
