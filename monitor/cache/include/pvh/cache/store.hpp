// This user's directory of kept things, and small values in it, each in a file of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::cache {

enum class Access : std::uint8_t {
  kRead,    ///< use it where there is one
  kCreate,  ///< make it where there is none
};

/// A small value as it was kept.
struct Value {
  std::vector<std::byte> bytes;
  std::uint64_t stamp;  ///< when it was kept or last touched, in nanoseconds since 1970
};

/// A directory that is this user's alone (mode 0700): what others might have written is not looked at.
///
/// What is kept appears whole or not at all, whoever dies meanwhile, and nothing is ever left half-written: a
/// file has no name until it is complete. Reading needs no lock.
class Store {
 public:
  /// $XDG_CACHE_HOME/pvh/kept, else $HOME/.cache/pvh/kept. Nothing where there is none; an error where one is
  /// there that is not to be trusted (kCacheForeign) or the host refused (kCacheFailed).
  [[nodiscard]] static Parsed<Store> open(Access access);
  [[nodiscard]] static Parsed<Store> open_at(const std::string& path, Access access);

  /// The value that was kept under `key`; nothing where there is none, or it is damaged.
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;

  /// Keeps `value` under `key` (a to z, 0 to 9, `-` and `.`; at most 100 characters), in place of an earlier
  /// one. False where that cannot be: then there is none, or still the earlier.
  bool keep(std::string_view key, Bytes value) const;

  /// Stamps the value under `key` as used now.
  void touch(std::string_view key) const;
  void forget(std::string_view key) const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int directory() const { return directory_.get(); }

  /// A file without a name, `size` bytes long, whose room on the disk is certain.
  [[nodiscard]] UniqueFd unnamed(std::uint64_t size) const;
  /// Makes it read-only and gives it a name. False where the name is taken, or cannot be.
  [[nodiscard]] bool name(const UniqueFd& file, const std::string& as) const;

  /// The names of all files in the directory.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  Store(UniqueFd directory, std::string path) : directory_(std::move(directory)), path_(std::move(path)) {}

  UniqueFd directory_;
  std::string path_;
  std::uint32_t owner_ = 0;
};

/// The most bytes that a value may have.
inline constexpr std::uint64_t kLargestValue = 64 * kKiB;

/// A value's file is called so.
inline constexpr std::string_view kValuePrefix = "value-";

}  // namespace pvh::cache
