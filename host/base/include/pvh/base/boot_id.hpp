// Tells one start of this host from another.
#pragma once

#include <string>

namespace pvh {

/// A random number that the kernel draws as it starts, as text; empty where it does not tell.
[[nodiscard]] std::string boot_id();

}  // namespace pvh
