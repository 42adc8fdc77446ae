#include "new_thread.hpp"

#include <csignal>
#include <system_error>

#include "early/early.hpp"

namespace pvh::kvm {

namespace {

std::thread try_to_start(const std::function<void()>& work) {
  try {
    return std::thread(work);
  } catch (const std::system_error&) {  // the library's only way to say it
    return {};
  }
}

}  // namespace

std::thread start_thread(std::function<void()> work) {
  // A thread begins with its maker's mask.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A fault of the thread's own is to be met by the process's handlers.
  for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread = try_to_start(work);
  if (!thread.joinable()) {
    // The early one may have been the last that the host allows.
    early::await_thread();
    thread = try_to_start(work);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace pvh::kvm
