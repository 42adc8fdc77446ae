// The registers of CPUs that failed, as QEMU's monitor prints them, cut down to what a person needs.
#pragma once

#include <string>
#include <string_view>

namespace pvh::qemu {

/// From the output of `info registers -a`: general registers, segments, tables and control registers of each
/// CPU that was running. `code`: output of `x /16xb $pc`, may be empty.
[[nodiscard]] std::string readable_registers(std::string_view registers, std::string_view code);

}  // namespace pvh::qemu
