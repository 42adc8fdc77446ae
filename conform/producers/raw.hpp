// The ELF headers of files that we made ourselves, as they lie there.
#pragma once

#include <cstdint>
#include <cstring>

#include "pvh/base/bytes.hpp"

namespace pvh::runners {

/// The object at `offset`; zeros where not all of it is there.
template <class T>
T read(Bytes bytes, std::uint64_t offset) {
  T out{};
  if (const auto piece = slice(bytes, offset, sizeof(T))) std::memcpy(&out, piece->data(), sizeof(T));
  return out;
}

}  // namespace pvh::runners
