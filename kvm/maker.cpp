#include "maker.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <latch>
#include <mutex>
#include <system_error>
#include <utility>

#include "cpuid.hpp"
#include "cpuid_table.hpp"
#include "entry.hpp"
#include "io_apic.hpp"
#include "loading.hpp"
#include "sandbox/sandbox.hpp"

namespace pvh::kvm {

namespace {

/// In the board's device window, where nothing else lies.
constexpr GuestAddress kScratch{0xfffbd000};

/// What firmware leaves behind and kernels count on. A KVM that does not know one of them lacks what it is
/// for.
void set_usual_msrs(Vcpu& cpu) {
  constexpr std::uint32_t kMiscEnable = 0x1a0;
  constexpr std::uint32_t kMtrrDefault = 0x2ff;
  constexpr std::uint64_t kFastStrings = 1;
  constexpr std::uint64_t kEnabledWriteBack = 0x806;
  // Each for itself: the first that is unknown ends a list.
  for (const auto& [index, value] :
       {std::pair{kMtrrDefault, kEnabledWriteBack}, {kMiscEnable, kFastStrings}}) {
    kvm_msr_entry entry{};
    entry.index = index;
    entry.data = value;
    (void)cpu.set_msrs({&entry, 1});
  }
}

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

Maker::Maker(const Planner& planner, const GuestMemory& memory, const Options& options)
    : planner_(planner),
      memory_(memory),
      options_(options),
      thread_(start_without_signals([this] { make(); })) {
  if (thread_.joinable()) return;
  error_ = host_error("thread for a virtual CPU", EAGAIN);
  guest_ = planner_();
  planned_.release();
  cpus_made_.release();
}

Maker::~Maker() {
  join();
}

const std::optional<Guest>& Maker::guest() {
  if (!std::exchange(guest_seen_, true)) planned_.acquire();
  return guest_;
}

void Maker::make_cpus(System system, Vm& vm) {
  system_.emplace(std::move(system));
  vm_ = &vm;
  machine_given_ = true;
  machine_made_.release();
}

Result<std::span<Vcpu>> Maker::cpus() {
  if (!std::exchange(cpus_seen_, true)) cpus_made_.acquire();
  if (error_) return std::unexpected(*error_);
  return std::span(cpus_);
}

void Maker::hand_over(std::function<void(Vcpu&)> work, std::function<void(const Error&)> failed) {
  work_ = std::move(work);
  failed_ = std::move(failed);
  handed_over_ = true;
  handed_over_.notify_all();
}

void Maker::signal(int number) {
  for (std::thread& thread : others_) ::pthread_kill(thread.native_handle(), number);
  if (thread_.joinable()) ::pthread_kill(thread_.native_handle(), number);
}

void Maker::join() {
  if (!thread_.joinable()) return;
  if (!std::exchange(machine_given_, true)) machine_made_.release();
  if (!handed_over_) hand_over({}, {});
  thread_.join();
  for (std::thread& thread : others_) thread.join();
  others_.clear();
}

void Maker::make() {
  guest_ = planner_();
  planned_.release();
  if (auto made = make_guest(); !made) error_ = made.error();
  const bool made = !error_ && !cpus_.empty();
  cpus_made_.release();
  if (!made) return;
  const auto settled = settle();
  if (settled) return work(cpus_.front());
  handed_over_.wait(false);
  if (failed_) failed_(settled.error());
}

void Maker::work(Vcpu& cpu) {
  handed_over_.wait(false);
  if (work_) work_(cpu);
}

Result<void> Maker::make_guest() {
  if (!guest_) return {};
  if (auto loaded = load(*guest_, memory_); !loaded) return loaded;
  const auto kept = KeptCpuid::find(options_.kept);
  machine_made_.acquire();
  if (vm_ == nullptr) return {};
  auto made = make_cpus(kept);
  system_.reset();
  return made;
}

Result<void> Maker::settle() {
  // The others wait for the first to start them.
  if (auto entered = enter(cpus_.front(), guest_->plan->state); !entered) return entered;
  if (options_.confine) {
    // The other CPUs' threads inherit it.
    if (auto done = sandbox::give_up_rights(); !done) return done;
  }
  if (auto made = make_threads(); !made) return made;
  return options_.confine ? sandbox::confine_thread(sandbox::Thread::kCpu) : Result<void>();
}

Result<void> Maker::make_threads() {
  const auto count = static_cast<std::ptrdiff_t>(cpus_.size() - 1);
  if (count == 0) return {};
  others_.reserve(static_cast<std::size_t>(count));
  // The guest does not begin before all are confined.
  std::latch confined(count);
  std::optional<Error> failure;
  std::mutex failure_mutex;
  for (Vcpu& cpu : std::span(cpus_).subspan(1)) {
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

Result<void> Maker::make_cpus(const KeptCpuid& kept) {
  const std::uint32_t count = std::max(1U, options_.cpus);
  if (auto set = vm_->set_scratch(kScratch); !set) return set;
  if (auto split = vm_->split_interrupts(IoApics::kLines); !split) return split;
  const auto supported = kept.or_asked(*system_);
  if (!supported) return std::unexpected(supported.error());
  const bool tsc_deadline = system_->extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
  cpus_.reserve(count);
  for (std::uint32_t id = 0; id < count; ++id) {
    auto cpu = vm_->create_vcpu(id);
    if (!cpu) return std::unexpected(cpu.error());
    const auto leaves = cpuid_of(*supported, {.id = id, .cpus = count, .tsc_deadline = tsc_deadline});
    if (auto set = cpu->set_cpuid(leaves); !set) return set;
    set_usual_msrs(*cpu);
    cpus_.push_back(std::move(*cpu));
  }
  return {};
}

}  // namespace pvh::kvm
