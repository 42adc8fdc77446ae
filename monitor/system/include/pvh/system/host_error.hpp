// The error for what the host refused without a reason that pvh could add to.
#pragma once

#include <string>

#include "pvh/base/error.hpp"

namespace pvh::system {

/// What failed, and errno's reason.
[[nodiscard]] Error host_error(std::string what, int error_number);

}  // namespace pvh::system
