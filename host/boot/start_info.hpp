// The start info and its tables as bytes (START-1 to START-8, MAP-1, HDR-5).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "pvh/boot/plan.hpp"
#include "pvh/start_info.h"

namespace pvh::boot {

/// All 56 bytes, whatever the version: what version 0 lacks is zero (START-2).
[[nodiscard]] std::vector<std::byte> encode(const hvm_start_info& info);
[[nodiscard]] std::vector<std::byte> encode(std::span<const hvm_modlist_entry> modules);
[[nodiscard]] std::vector<std::byte> encode(std::span<const MapEntry> map);
/// With its NUL.
[[nodiscard]] std::vector<std::byte> encode_string(std::string_view text);

}  // namespace pvh::boot
