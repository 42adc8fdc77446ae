// Files told by bytes that stand at a known place.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pvh/base/bytes.hpp"

namespace pvh {

struct Magic {
  std::uint64_t offset;
  std::string_view bytes;
  std::string_view name;
};

/// The name of the first of `magics` that `file` has; empty where it has none. `file` may be the beginning of
/// one.
[[nodiscard]] inline std::string_view name_by_magic(Bytes file, std::span<const Magic> magics) {
  for (const Magic& magic : magics) {
    const auto piece = slice(file, magic.offset, magic.bytes.size());
    if (piece && as_text(*piece) == magic.bytes) return magic.name;
  }
  return {};
}

}  // namespace pvh
