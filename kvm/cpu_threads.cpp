#include "cpu_threads.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <latch>
#include <mutex>
#include <system_error>
#include <utility>

#include "entry.hpp"
#include "loading.hpp"
#include "sandbox/sandbox.hpp"

namespace pvh::kvm {

namespace {

/// Signals are the caller's thread's; a thread begins with its maker's mask.
std::thread start_without_signals(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A fault of the thread's own is to be met by the process's handlers.
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(std::move(work));
  } catch (const std::system_error&) {  // the library's only way to say it; the thread is missing then
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

CpuThreads::CpuThreads(const Planner& planner, const GuestMemory& memory, const Options& options)
    : planner_(planner), memory_(memory), options_(options) {
  first_ = start_without_signals([this] { begin(); });
  if (first_.joinable()) return;
  error_ = host_error("thread for a virtual CPU", EAGAIN);
  guest_ = planner_();
  planned_.release();
  loaded_.release();
}

CpuThreads::~CpuThreads() {
  join();
}

const std::optional<Guest>& CpuThreads::guest() {
  if (!std::exchange(guest_seen_, true)) planned_.acquire();
  return guest_;
}

void CpuThreads::give(Vm& vm) {
  vm_ = &vm;
  vm_given_.release();
}

void CpuThreads::give(std::span<Vcpu> cpus) {
  cpus_ = cpus;
  cpus_given_.release();
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
  if (vm_ == nullptr) vm_given_.release();
  if (cpus_.empty()) cpus_given_.release();
  if (!handed_over_) hand_over({}, {});
  first_.join();
  for (std::thread& thread : others_) thread.join();
  others_.clear();
}

Result<void> CpuThreads::loaded() {
  loaded_.acquire();
  if (error_) return std::unexpected(*error_);
  return {};
}

void CpuThreads::begin() {
  guest_ = planner_();
  planned_.release();
  if (!guest_) return;
  if (const auto loaded = load_guest(); !loaded) error_ = loaded.error();
  const bool ready = !error_ && !cpus_.empty();
  loaded_.release();
  if (!ready) return;
  // Last, and beside what the caller still does.
  const auto confined = options_.confine ? sandbox::confine_thread(sandbox::Thread::kCpu) : Result<void>();
  if (confined) return work(cpus_.front());
  handed_over_.wait(false);
  if (failed_) failed_(confined.error());
}

void CpuThreads::work(Vcpu& cpu) {
  handed_over_.wait(false);
  if (work_) work_(cpu);
}

Result<void> CpuThreads::load_guest() {
  if (auto loaded = load(*guest_, memory_); !loaded) return loaded;
  vm_given_.acquire();
  if (vm_ == nullptr) return {};
  std::uint32_t slot = 0;
  for (const boot::MemoryPiece& piece : memory_.pieces())
    if (auto added = vm_->add_memory(slot++, piece.range, piece.host); !added) return added;
  cpus_given_.acquire();
  if (cpus_.empty()) return {};
  // The others wait for the first to start them.
  if (auto entered = enter(cpus_.front(), guest_->plan->state); !entered) return entered;
  if (options_.confine) {
    // The other CPUs' threads inherit it.
    if (auto done = sandbox::give_up_rights(); !done) return done;
  }
  return start_others();
}

Result<void> CpuThreads::start_others() {
  const auto count = static_cast<std::ptrdiff_t>(cpus_.size() - 1);
  if (count == 0) return {};
  others_.reserve(static_cast<std::size_t>(count));
  // The guest does not begin before all are confined.
  std::latch confined(count);
  std::optional<Error> failure;
  std::mutex failure_mutex;
  for (Vcpu& cpu : cpus_.subspan(1)) {
    try {
      others_.emplace_back([&, this] {
        if (options_.confine) {
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
