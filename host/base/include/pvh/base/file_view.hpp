// Bytes that are a file's, so that an engine may map the file where another copies them.
#pragma once

#include "pvh/base/bytes.hpp"

namespace pvh {

/// The first `bytes.size()` bytes of the file behind `descriptor`, which both stay their owner's. It is open
/// for reading.
struct FileView {
  Bytes bytes;
  int descriptor;
};

}  // namespace pvh
