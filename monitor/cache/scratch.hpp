// Directories and files for the tests of cache/.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::cache {

/// A new directory, which goes with all that is in it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pvh-cache-test.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// A disk of its own in `place`, where the tests may mount one.
class Disk {
 public:
  Disk(const std::string& place, const std::string& options) : place_(place) {
    std::filesystem::create_directory(place);
    mounted_ = ::mount("none", place.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~Disk() {
    if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] bool make_read_only() const {
    return ::mount("none", place_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::string place_;
  bool mounted_ = false;
};

inline std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> out(size);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random());
  return out;
}

inline void write_to(const std::string& path, Bytes bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << as_text(bytes);
}

inline UniqueFd opened(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// The names of what lies in `path`, sorted.
inline std::vector<std::string> listing(const std::string& path) {
  std::vector<std::string> out;
  for (const auto& each : std::filesystem::directory_iterator(path))
    out.push_back(each.path().filename().string());
  std::ranges::sort(out);
  return out;
}

}  // namespace pvh::cache
