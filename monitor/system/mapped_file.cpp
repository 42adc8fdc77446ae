#include "pvh/system/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "pvh/words/describe.hpp"

namespace pvh::system {
namespace {

std::string system_reason(int number) {
  return std::strerror(number);
}

Error failed(std::string_view role, std::string done, int number) {
  Error error{.what = Fault::kFileFailed, .subject = std::string(role)};
  if (number == ENOENT || number == ENOTDIR) error.what = Fault::kFileMissing;
  if (number == EACCES || number == EPERM || number == EROFS) {
    error.what = Fault::kFileUnreadable;
    done = "read";
  }
  error.wanted = std::move(done);
  error.found = system_reason(number);
  return error;
}

/// Whether a file of this kind can be mapped.
Result<void> check_kind(mode_t mode, std::string_view role) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) {
    return std::unexpected(Error{.what = Fault::kFileIsDirectory, .subject = std::string(role)});
  }
  const char* kind = S_ISFIFO(mode)   ? "a FIFO"
                     : S_ISSOCK(mode) ? "a socket"
                     : S_ISBLK(mode)  ? "a block device"
                                      : "a character device";
  return std::unexpected(Error{.what = Fault::kFileIsSpecial,
                               .subject = std::string(role),
                               .found = kind,
                               .wanted = "a regular file"});
}

// What the SIGBUS handler may look at: atomics alone, so that it never meets a container in the middle of a
// change. A slot is in use while its size is not 0. Blocks are added and never removed.
struct Mapping {
  std::atomic<std::uintptr_t> start = 0;
  std::atomic<std::size_t> size = 0;
  std::array<char, 256> name{};
};
struct MappingBlock {
  std::array<Mapping, 64> slots;
  std::atomic<MappingBlock*> next = nullptr;
};
// Not written to at start-up: its pages are touched with the first mappings.
constinit MappingBlock first_block;
// Of those that change the blocks. The handler does without.
constinit std::mutex mappings_change;

std::uintptr_t address_of(const void* pointer) {
  return std::bit_cast<std::uintptr_t>(pointer);
}

/// The first slot for which `wanted(slot)` is true; null if there is none. Async-signal-safe if `wanted` is.
template <typename Wanted>
Mapping* find_mapping(Wanted wanted) {
  for (MappingBlock* block = &first_block; block != nullptr; block = block->next)
    for (Mapping& mapping : block->slots)
      if (wanted(mapping)) return &mapping;
  return nullptr;
}

void say(std::string_view text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

/// BUS_ADRERR is the code of a page that a file backs and cannot provide. Any other SIGBUS, above all one
/// that was sent, gets the default action.
void on_bus_error(int signal, siginfo_t* info, void*) {
  if (info->si_code != BUS_ADRERR) {
    ::signal(signal, SIG_DFL);
    // A fault comes again by itself when this returns, with its address. A sent signal does not, and neither
    // does a report of a memory error elsewhere.
    if (info->si_code <= 0 || info->si_code == BUS_MCEERR_AO) ::raise(signal);
    return;
  }
  const std::uintptr_t at = address_of(info->si_addr);
  const Mapping* mapping = find_mapping([at](const Mapping& each) {
    const std::uintptr_t start = each.start;
    return at >= start && at - start < each.size;
  });
  if (mapping != nullptr) {
    say("pvh: ");
    say(mapping->name.data());
    say(": the file became shorter, or its disk failed, while it was read.\n");
  } else {
    // Guest memory into which a file is mapped, or memory of a full tmpfs.
    say("pvh: memory that is backed by a file could not be reached: the file became shorter, or its disk is "
        "full or failed.\n");
  }
  _exit(1);
}

void remember_mapping(const void* data, std::size_t size, std::string_view path) {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    return ::sigaction(SIGBUS, &action, nullptr) == 0;
  }();
  if (!installed) return;
  const std::lock_guard lock(mappings_change);
  Mapping* mapping = find_mapping([](const Mapping& each) { return each.size == 0; });
  if (mapping == nullptr) {
    MappingBlock* last = &first_block;
    while (last->next != nullptr) last = last->next;
    auto* more = new MappingBlock;
    mapping = more->slots.data();
    last->next = more;
  }
  const std::string name = words::printable(path).substr(0, mapping->name.size() - 1);
  std::memcpy(mapping->name.data(), name.c_str(), name.size() + 1);
  mapping->start = address_of(data);
  mapping->size = size;
}

void forget_mapping(const void* data) {
  const std::lock_guard lock(mappings_change);
  Mapping* mapping =
      find_mapping([data](const Mapping& each) { return each.size != 0 && each.start == address_of(data); });
  if (mapping != nullptr) mapping->size = 0;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path, std::string_view role) {
  // O_NONBLOCK: opening a FIFO without a writer would wait for one.
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    // A socket cannot be opened at all; say what it is.
    struct stat status = {};
    const int reason = errno;
    if (reason == ENXIO && ::stat(path.c_str(), &status) == 0) {
      if (auto kind = check_kind(status.st_mode, role); !kind) return std::unexpected(kind.error());
    }
    return std::unexpected(failed(role, "opened", reason));
  }
  return map(std::move(file), path, role);
}

Result<MappedFile> MappedFile::map(UniqueFd file, const std::string& name, std::string_view role) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(failed(role, "examined", errno));
  if (auto kind = check_kind(status.st_mode, role); !kind) return std::unexpected(kind.error());
  if (status.st_size <= 0) {
    return std::unexpected(Error{.what = Fault::kFileEmpty, .subject = std::string(role)});
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return std::unexpected(failed(role, "mapped", errno));
  remember_mapping(data, size, name);
  return MappedFile(std::move(file), static_cast<const std::byte*>(data), FileState::from(status));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      state_(std::exchange(other.state_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  release();
  file_ = std::move(other.file_);
  data_ = std::exchange(other.data_, nullptr);
  state_ = std::exchange(other.state_, {});
  return *this;
}

MappedFile::~MappedFile() {
  release();
}

void MappedFile::release() {
  if (data_ == nullptr) return;
  forget_mapping(data_);
  ::munmap(const_cast<std::byte*>(data_), static_cast<std::size_t>(state_.size));
}

}  // namespace pvh::system
