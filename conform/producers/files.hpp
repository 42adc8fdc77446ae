// Whole files: what a case is made of, and what it leaves.
#pragma once

#include <filesystem>
#include <string>

#include "pvh/base/bytes.hpp"

namespace pvh::runners {

[[nodiscard]] bool write_file(const std::filesystem::path& path, Bytes bytes);

/// Its first bytes, as many as kMostOutput; empty where there is no file, or it is of another kind than files
/// are.
[[nodiscard]] std::string contents(const std::filesystem::path& path);

}  // namespace pvh::runners
