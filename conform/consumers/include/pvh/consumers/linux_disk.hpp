// What a Linux under test gets for an initial RAM disk where the user has none.
#pragma once

#include "pvh/base/bytes.hpp"

namespace pvh::consumers {

/// Lives as long as the program.
[[nodiscard]] Bytes linux_disk();

}  // namespace pvh::consumers
