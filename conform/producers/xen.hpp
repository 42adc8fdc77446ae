// Xen as a producer: its own script boots it once for all cases.
#pragma once

#include "monitors.hpp"

namespace pvh::runners {

[[nodiscard]] Monitor xen_monitor(const Options& options);

}  // namespace pvh::runners
