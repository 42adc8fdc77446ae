// The making of a thread.
#pragma once

#include <functional>
#include <thread>

namespace pvh::kvm {

/// Signals stay the caller's. Not joinable where the host has no more threads for us. After early memory was
/// requested.
[[nodiscard]] std::thread start_thread(std::function<void()> work);

}  // namespace pvh::kvm
