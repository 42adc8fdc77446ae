// Files that are written whole.
#pragma once

#include <string>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh::system {

/// Writes `bytes` to `path` so that it is there whole or not at all. A symbolic link stays one, and
/// what it points at is written; a path that is no regular file (/dev/null, a FIFO) is written to as it is.
[[nodiscard]] Result<void> write_file(const std::string& named, Bytes bytes);

/// What `write_file` would fail of there, as far as that can be told beforehand.
[[nodiscard]] Result<void> can_write_file(const std::string& path);

/// Writes all of `bytes` to a descriptor.
[[nodiscard]] Result<void> write_all(int descriptor, Bytes bytes);

}  // namespace pvh::system
