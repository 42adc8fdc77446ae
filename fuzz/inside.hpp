// What the fuzz targets of readers ask of each view that a reader hands out.
#pragma once

#include "pvh/base/bytes.hpp"

namespace pvh::fuzz {

/// Whether `view` lies in the file that it views.
[[nodiscard]] inline bool inside(Bytes file, Bytes view) {
  return view.empty() ||
         (view.data() >= file.data() && view.data() + view.size() <= file.data() + file.size());
}

}  // namespace pvh::fuzz
