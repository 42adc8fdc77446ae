// What is known only when the monitor runs, and stands in the filters until then.
#pragma once

#include <cstdint>

namespace pvh::kvm::sandbox {

/// For the number of this process.
inline constexpr std::uint32_t kThisProcess = 0xfeedf00d;

}  // namespace pvh::kvm::sandbox
