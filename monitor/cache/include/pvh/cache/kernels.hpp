// ELF files that were unpacked from compressed kernels, so that a second start can map them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/unique_fd.hpp"
#include "pvh/cache/store.hpp"
#include "pvh/system/file_state.hpp"

namespace pvh::cache {

inline constexpr std::uint64_t kDefaultLimit = kGiB;

/// Compressed bytes in an open file.
struct Source {
  int descriptor;
  system::FileState state;   ///< of the file, before anything was read from it
  std::uint64_t offset = 0;  ///< of `packed`, in it
  Bytes packed;
};

/// For people.
struct Label {
  std::string path;  ///< of the source
  std::string release;

  bool operator==(const Label&) const = default;
};

struct KeptKernel {
  Label label;
  std::uint64_t size;       ///< of the ELF file
  std::uint64_t last_used;  ///< to the hour; nanoseconds since 1970
  std::string file;         ///< its name in the directory
};

struct Contents {
  std::vector<KeptKernel> kernels;  ///< last used first
  std::uint64_t total = 0;          ///< bytes; what has the same contents is there once, and counts once
};

/// Kept ELF files, found by the state of the file that they were unpacked from. Every answer may be "no":
/// then the caller unpacks, and boots all the same.
class Kernels {
 public:
  /// With at most `limit` bytes of ELF files. Touches nothing yet.
  explicit Kernels(std::uint64_t limit = kDefaultLimit) : limit_(limit) {}
  Kernels(Store store, std::uint64_t limit) : limit_(limit), store_(std::move(store)) {}

  /// The ELF file that `source` unpacked to: open, and untouched since it was kept.
  [[nodiscard]] UniqueFd find(const Source& source);

  /// A file of `size` zero bytes for what `source` unpacks to. It has no name, and goes if it is not kept.
  /// None where it would not be kept.
  [[nodiscard]] UniqueFd draft(const Source& source, std::uint64_t size);

  /// Keeps `draft`, which holds all that `source` unpacks to. What has been used longest ago goes, where
  /// the limit wants that.
  bool keep(const Source& source, const UniqueFd& draft, const Label& label);

  [[nodiscard]] Contents list();

  /// Removes all that this program has kept, and nothing else. The bytes that were freed.
  std::uint64_t clear();

 private:
  [[nodiscard]] const Store* store(Access access);

  std::uint64_t limit_;
  std::optional<Store> store_;
};

}  // namespace pvh::cache
