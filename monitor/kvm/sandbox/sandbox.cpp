#include "sandbox.hpp"

#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "filters.hpp"
#include "pvh/base/unique_fd.hpp"
#include "this_process.hpp"

namespace pvh::kvm::sandbox {

namespace {

Error refused(const char* what) {
  return Error{.what = Fault::kSandbox, .subject = what, .found = std::string(std::strerror(errno))};
}

/// Before Linux 5.9 there is no call for it, and each costs one.
void close_each(unsigned first, unsigned last) {
  rlimit limit{};
  constexpr rlim_t kMost = 1U << 20U;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = kMost;
  const rlim_t end = std::min({rlim_t{last} + 1, limit.rlim_cur, kMost});
  for (rlim_t fd = first; fd < end; ++fd) ::close(static_cast<int>(fd));
}

void close_range(unsigned first, unsigned last) {
  if (::close_range(first, last, 0) != 0) close_each(first, last);
}

/// Giving them up is everyone's right, so this works also where there are none.
Result<void> drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0)
    return std::unexpected(refused("dropping capabilities"));
  return {};
}

// Landlock's interface as of its version 6. The headers to build with may be older than the kernel to run on.
struct LandlockRules {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};

/// All that version `version` of Landlock can deny; no rule then allows any of it.
LandlockRules everything(int version) {
  constexpr auto bits = [](unsigned count) { return (std::uint64_t{1} << count) - 1; };
  constexpr std::array kFiles = {bits(13), bits(14), bits(15), bits(15), bits(16)};  // of versions 1 to 5
  const auto known = static_cast<std::size_t>(version);
  return {.files = kFiles[std::min(known, kFiles.size()) - 1],
          .network = version >= 4 ? bits(2) : 0,  // TCP: bind, connect
          // Abstract sockets; not signals: some kernels then refuse them between threads of one process that
          // confined themselves one by one, and the filters allow none to others anyway.
          .scopes = version >= 6 ? bits(1) : 0};
}

/// A kernel without Landlock, or a container that hides it, leaves the filters: they already refuse to open.
void deny_files_and_network() {
  constexpr unsigned kAskVersion = 1;
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (version < 1) return;
  const LandlockRules rules = everything(static_cast<int>(version));
  // An older kernel takes a longer structure too, as long as what it does not know is 0.
  const UniqueFd set(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (set) (void)::syscall(SYS_landlock_restrict_self, set.get(), 0);
}

/// `filter` with this process's number in it.
template <std::size_t kSize>
Result<void> install(std::array<sock_filter, kSize> filter) {
  const auto process = static_cast<std::uint32_t>(::getpid());
  for (sock_filter& instruction : filter)
    if (instruction.code == (BPF_JMP | BPF_JEQ | BPF_K) && instruction.k == kThisProcess)
      instruction.k = process;
  const sock_fprog program{.len = static_cast<unsigned short>(kSize), .filter = filter.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    return std::unexpected(refused("a filter of system calls (seccomp)"));
  return {};
}

}  // namespace

void close_all_but(std::vector<int> kept) {
  if constexpr (!kHere) return;
  std::ranges::sort(kept);
  unsigned next = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    const auto number = static_cast<unsigned>(fd);
    if (number > next) close_range(next, number - 1);
    next = number + 1;
  }
  close_range(next, std::numeric_limits<unsigned>::max());
}

Result<void> give_up_rights() {
  if constexpr (!kHere) return {};
  if (auto dropped = drop_capabilities(); !dropped) return dropped;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return std::unexpected(refused("no_new_privs"));
  deny_files_and_network();
  return {};
}

Result<void> confine_thread(Thread kind) {
  if constexpr (!kHere) return {};
  switch (kind) {
    case Thread::kCpu:
      return install(kCpuFilter);
    case Thread::kDevices:
      return install(kDevicesFilter);
    default:
      return install(kSupervisorFilter);
  }
}

}  // namespace pvh::kvm::sandbox
