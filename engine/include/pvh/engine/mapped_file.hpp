// Bytes that lie in an open file: what a plan views so, an engine may map once more instead of copying it.
#pragma once

#include "pvh/base/bytes.hpp"

namespace pvh::engine {

/// `bytes` are those of `fd` from its start. Whoever made it keeps both; nothing writes to the file.
struct MappedFile {
  Bytes bytes;
  int fd = -1;
};

}  // namespace pvh::engine
