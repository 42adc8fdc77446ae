#include "pvh/cache/store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "entry.hpp"
#include "pvh/system/file_state.hpp"

namespace pvh::cache {
namespace {

constexpr mode_t kPrivateDirectory = 0700;
constexpr mode_t kReadOnly = 0400;
constexpr int kParentsToMake = 2;  // pvh, and the directory of all caches

std::unexpected<Error> failed(const std::string& path, int number) {
  return std::unexpected(
      Error{.what = Fault::kCacheFailed, .subject = path, .found = std::string(std::strerror(number))});
}

std::unexpected<Error> foreign(const std::string& path, std::string found) {
  return std::unexpected(Error{.what = Fault::kCacheForeign, .subject = path, .found = std::move(found)});
}

/// An absolute path of the environment; others would mean something else in each directory.
std::string absolute(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value == '/' ? value : "";
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// Makes a directory where its parent is this user's: root, with another's HOME, must not leave there what
/// that user then cannot use.
bool make_directory(const std::string& path, int parents) {
  struct stat status = {};
  const std::string parent = parent_of(path);
  if (::stat(parent.c_str(), &status) != 0) {
    if (errno != ENOENT || parents == 0 || !make_directory(parent, parents - 1)) return false;
    if (::stat(parent.c_str(), &status) != 0) return false;
  }
  if (status.st_uid != ::geteuid()) return false;
  return ::mkdir(path.c_str(), kPrivateDirectory) == 0 || errno == EEXIST;
}

int open_directory(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool is_key(std::string_view key) {
  constexpr std::size_t kLongest = 100;
  return !key.empty() && key.size() <= kLongest && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

std::string file_of(std::string_view key) {
  return std::string(kValuePrefix) + std::string(key);
}

/// A write past this limit would be a signal.
bool may_be_as_large(std::uint64_t size) {
  rlimit limit = {};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && size <= limit.rlim_cur;
}

bool write_all(int file, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// How one names a file that has no name yet. (AT_EMPTY_PATH would need a capability.)
std::string handle_of(const UniqueFd& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

}  // namespace

Parsed<Store> Store::open(Access access) {
  if (const std::string base = absolute("XDG_CACHE_HOME"); !base.empty())
    return open_at(base + "/pvh/kept", access);
  if (const std::string home = absolute("HOME"); !home.empty())
    return open_at(home + "/.cache/pvh/kept", access);
  return std::nullopt;
}

Parsed<Store> Store::open_at(const std::string& path, Access access) {
  int directory = open_directory(path);
  if (directory < 0 && errno == ENOENT) {
    if (access == Access::kRead || !make_directory(path, kParentsToMake)) return std::nullopt;
    directory = open_directory(path);
  }
  if (directory < 0) return failed(path, errno);
  Store store(UniqueFd(directory), path);

  struct stat status = {};
  if (::fstat(directory, &status) != 0) return failed(path, errno);
  store.owner_ = ::geteuid();
  if (status.st_uid != store.owner_) return foreign(path, "another user's");
  if ((status.st_mode & 077U) != 0) return foreign(path, "open to others");
  return store;
}

std::optional<Value> Store::find(std::string_view key) const {
  if (!is_key(key)) return std::nullopt;
  const std::string name = file_of(key);
  const UniqueFd file(
      ::openat(directory(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return std::nullopt;
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (status.st_uid != owner_ || (status.st_mode & 022U) != 0) return std::nullopt;

  const system::FileState state = system::FileState::from(status);
  if (state.size > kLargestValue) return std::nullopt;
  std::vector<std::byte> bytes(static_cast<std::size_t>(state.size));
  const ssize_t read = ::read(file.get(), bytes.data(), bytes.size());
  if (read < 0 || static_cast<std::size_t>(read) != bytes.size()) return std::nullopt;
  const auto value = without_header(key, bytes);
  if (!value) return std::nullopt;
  return Value{{value->begin(), value->end()}, state.modified};
}

bool Store::keep(std::string_view key, Bytes value) const {
  if (!is_key(key)) return false;
  const std::vector<std::byte> bytes = with_header(key, value);
  if (bytes.size() > kLargestValue) return false;
  const UniqueFd file = unnamed(bytes.size());
  if (!file || !write_all(file.get(), bytes)) return false;
  forget(key);
  return name(file, file_of(key));
}

void Store::touch(std::string_view key) const {
  if (is_key(key)) ::utimensat(directory(), file_of(key).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

void Store::forget(std::string_view key) const {
  if (is_key(key)) ::unlinkat(directory(), file_of(key).c_str(), 0);
}

UniqueFd Store::unnamed(std::uint64_t size) const {
  if (!may_be_as_large(size)) return {};
  UniqueFd file(::openat(directory(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kReadOnly));
  // Reserved, or a full disk would be a signal when a page of it is touched. Where that is not possible,
  // nothing is kept.
  if (!file || ::fallocate(file.get(), 0, 0, static_cast<off_t>(size)) != 0) return {};
  return file;
}

bool Store::name(const UniqueFd& file, const std::string& as) const {
  if (::fchmod(file.get(), kReadOnly) != 0) return false;
  return ::linkat(AT_FDCWD, handle_of(file).c_str(), directory(), as.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

std::vector<std::string> Store::names() const {
  std::vector<std::string> out;
  // Of its own: a directory's position belongs to the open file, and others read from the start too.
  const int opened = ::openat(directory(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return out;
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  const std::unique_ptr<DIR, Close> stream(::fdopendir(opened));
  if (!stream) {
    ::close(opened);
    return out;
  }
  while (const dirent* each = ::readdir(stream.get())) out.emplace_back(each->d_name);
  return out;
}

}  // namespace pvh::cache
