// What is left to the monitor once the guest runs, so that a guest that takes it over has little of a host.
#pragma once

#include <cstdint>
#include <vector>

#include "pvh/base/error.hpp"

namespace pvh::kvm::sandbox {

// The sanitizers' libraries make system calls of their own, at any time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kHere = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool kHere = false;
#else
inline constexpr bool kHere = true;
#endif
#else
inline constexpr bool kHere = true;
#endif

enum class Thread : std::uint8_t { kSupervisor, kCpu, kDevices };

/// Every descriptor of the process but `kept` is closed; entries below 0 are none.
void close_all_but(std::vector<int> kept);

/// For good, for this thread and those that it starts later: no capabilities, no privilege by running a
/// program, and where the kernel has Landlock no file by its name and no TCP.
[[nodiscard]] Result<void> give_up_rights();

/// For good: this thread makes the system calls in the list of its kind (calls.hpp), or ends the process.
[[nodiscard]] Result<void> confine_thread(Thread kind);

}  // namespace pvh::kvm::sandbox
