// Bytes as hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"

namespace pvh::conform {

[[nodiscard]] std::string to_hex(Bytes bytes);

/// Nothing where it is not pairs of digits.
[[nodiscard]] std::optional<std::vector<std::byte>> from_hex(std::string_view text);

}  // namespace pvh::conform
