// Wakes a poll() from another thread.
#pragma once

#include "pvh/engine/event.hpp"

namespace pvh::kvm {

using engine::Event;

}  // namespace pvh::kvm
