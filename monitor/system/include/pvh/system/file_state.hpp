// What tells one state of a file from another without reading it.
#pragma once

#include <cstdint>
#include <optional>

struct stat;

namespace pvh::system {

/// Times are nanoseconds since 1970. Nobody but the kernel sets `changed`, and it does at each write; at
/// those through a shared mapping only when it notices that a page was written to, which may have been
/// before.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::uint64_t modified = 0;
  std::uint64_t changed = 0;

  /// Of a regular file; nothing for all else.
  [[nodiscard]] static std::optional<FileState> of(int descriptor);
  [[nodiscard]] static FileState from(const struct stat& status);

  bool operator==(const FileState&) const = default;
};

}  // namespace pvh::system
