// Wakes a poll() from another thread.
#pragma once

#include "pvh/system/event.hpp"

namespace pvh::kvm {

using system::Event;

}  // namespace pvh::kvm
