// Whole files: what a case is made of, and what it leaves.
#pragma once

#include <filesystem>
#include <string>

#include "pvh/base/bytes.hpp"

namespace pvh::runners {

[[nodiscard]] bool write_file(const std::filesystem::path& path, Bytes bytes);

/// Empty where there is none.
[[nodiscard]] std::string contents(const std::filesystem::path& path);

}  // namespace pvh::runners
