// The words of a command line, split as Linux splits them, so that one line means the same to every kernel.
#pragma once

#include <stddef.h>

#include "pvh/guest/result.hpp"

namespace pvh::guest {

/// Characters that somebody else owns, not NUL-terminated.
struct Text {
  const char* data = nullptr;
  size_t size = 0;

  constexpr Text() = default;
  constexpr Text(const char* first, size_t length) : data(first), size(length) {}
  template <size_t N>
  constexpr Text(const char (&literal)[N]) : data(literal), size(N - 1) {}

  [[nodiscard]] constexpr bool operator==(const Text& other) const {
    if (size != other.size) return false;
    for (size_t i = 0; i < size; ++i)
      if (data[i] != other.data[i]) return false;
    return true;
  }
};

struct Argument {
  Text key;
  Text value;
  bool has_value = false;  ///< "quiet" has none, "log=" has an empty one
};

/// White space separates words except between double quotes. The quotes around a whole word or around a value
/// are not part of it; others stay. The first '=' that is not the first character ends the key.
class CommandLine {
 public:
  constexpr explicit CommandLine(Text text) : text_(text) {}

  /// The word at or after `position`, which is moved behind it; absent at the end.
  Result<Argument> next(size_t& position) const;

  /// The last argument of that key before a word "--", which ends what is the kernel's. '-' and '_' are the
  /// same in keys.
  Result<Argument> find(Text key) const;

 private:
  Text text_;
};

}  // namespace pvh::guest
