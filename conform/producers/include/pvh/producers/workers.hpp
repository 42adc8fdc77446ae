// Several cases at the same time.
#pragma once

#include <functional>

namespace pvh::runners {

/// Calls `work` on `count` threads at once, of which the caller's is one, and returns when all calls have.
/// Uses fewer threads where the host starts no more, but always the caller's. `work` must not throw.
void work_together(unsigned count, const std::function<void()>& work);

}  // namespace pvh::runners
