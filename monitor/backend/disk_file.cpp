#include "pvh/backend/disk_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "pvh/base/magic.hpp"

namespace pvh::backend {

namespace {

using namespace std::string_view_literals;

Error error_of(std::string_view role, std::string done, int number) {
  Error error{.what = Fault::kFileFailed, .subject = std::string(role)};
  error.wanted = std::move(done);
  error.found = std::string(std::strerror(number));
  return error;
}

Error open_error(std::string_view role, bool read_only, int number) {
  Error error = error_of(role, read_only ? "opened" : "opened for writing", number);
  if (number == ENOENT || number == ENOTDIR) error.what = Fault::kFileMissing;
  if (number == EACCES || number == EPERM || number == EROFS) {
    error.what = Fault::kFileUnreadable;
    error.wanted = std::string(read_only ? "read" : "written");
  }
  return error;
}

Error in_use(std::string_view role, bool read_only) {
  return {.what = Fault::kDiskInUse,
          .subject = std::string(role),
          .wanted = std::string(read_only ? "read" : "written")};
}

int open_flags(bool read_only, mode_t mode) {
  // O_NONBLOCK: what became a FIFO meanwhile does not wait for its writer.
  const int common = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  if (read_only) return O_RDONLY | common;
  // A block device that the host has mounted is not the guest's to write.
  return O_RDWR | common | (S_ISBLK(mode) ? O_EXCL : 0);
}

Result<void> check_kind(mode_t mode, std::string_view role) {
  if (S_ISREG(mode) || S_ISBLK(mode)) return {};
  Error error{.what = Fault::kFileIsSpecial, .subject = std::string(role)};
  if (S_ISDIR(mode)) error.what = Fault::kFileIsDirectory;
  error.found = std::string(S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a character device");
  error.wanted = std::string("a regular file or a block device");
  return std::unexpected(std::move(error));
}

/// Bytes of the file that stand for what is done with it: QEMU's, so that neither takes the other's disk. Who
/// uses a permission holds a shared lock on 100 + its number, who does not suffer it in others on 200 + its
/// number.
constexpr off_t kUses = 100;
constexpr off_t kRefuses = 200;
constexpr off_t kAll = 200;
constexpr off_t kReading = 0;
constexpr off_t kWriting = 1;

struct flock lock_of(int type, off_t start, off_t size) {
  struct flock lock{};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = size;
  return lock;
}

/// False where somebody else's lock stands against it. A file system without locks has nobody else's.
bool take(int fd, int type, off_t start, off_t size) {
  struct flock lock = lock_of(type, start, size);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

bool is_taken(int fd, off_t start) {
  struct flock lock = lock_of(F_WRLCK, start, 1);
  return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool lock_file(int fd, bool read_only) {
  if (!read_only) return take(fd, F_WRLCK, kUses, kAll);
  return take(fd, F_RDLCK, kUses + kReading, 1) && take(fd, F_RDLCK, kRefuses + kWriting, 1) &&
         !is_taken(fd, kUses + kWriting);
}

/// How images that are not raw begin. The names are qemu-img's.
constexpr std::array kMagics = {
    Magic{0, "QFI\xfb\0\0\0\1"sv, "qcow"},
    Magic{0, "QFI\xfb"sv, "qcow2"},
    Magic{0, "QED\0"sv, "qed"},
    Magic{0, "KDMV"sv, "vmdk"},
    Magic{0, "COWD"sv, "vmdk"},
    Magic{0, "# Disk DescriptorFile"sv, "vmdk"},
    Magic{0, "vhdxfile"sv, "vhdx"},
    Magic{0, "conectix"sv, "vpc"},
    Magic{64, "\x7f\x10\xda\xbe"sv, "vdi"},
    Magic{0, "WithoutFreeSpace"sv, "parallels"},
    Magic{0, "WithouFreSpacExt"sv, "parallels"},
};

/// The format, where it is known not to be raw.
std::string_view format_of(int fd) {
  std::array<std::byte, 68> head{};
  const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
  if (got <= 0) return "";
  return name_by_magic(Bytes(head).first(static_cast<std::size_t>(got)), kMagics);
}

}  // namespace

Result<DiskFile> DiskFile::open(const std::string& path, bool read_only, std::string_view role) {
  struct stat status{};
  // Kind first: a directory opened for writing would only say "is a directory" in the system's words.
  if (::stat(path.c_str(), &status) != 0) return std::unexpected(open_error(role, read_only, errno));
  if (auto kind = check_kind(status.st_mode, role); !kind) return std::unexpected(kind.error());
  DiskFile disk;
  disk.read_only_ = read_only;
  disk.fd_.reset(::open(path.c_str(), open_flags(read_only, status.st_mode)));
  if (!disk.fd_ && errno == EBUSY) return std::unexpected(in_use(role, read_only));
  if (!disk.fd_) return std::unexpected(open_error(role, read_only, errno));
  if (::fstat(disk.fd_.get(), &status) != 0) return std::unexpected(error_of(role, "examined", errno));
  if (auto kind = check_kind(status.st_mode, role); !kind) return std::unexpected(kind.error());
  disk.block_device_ = S_ISBLK(status.st_mode);
  // Before its size, which says nothing of the disk in it.
  if (const std::string_view format = format_of(disk.fd_.get()); !format.empty())
    return std::unexpected(
        Error{.what = Fault::kDiskFormat, .subject = std::string(role), .found = std::string(format)});
  if (auto measured = disk.measure(role); !measured) return std::unexpected(measured.error());
  if (!lock_file(disk.fd_.get(), read_only)) return std::unexpected(in_use(role, read_only));
  // What a file cannot do without waiting, io_uring would refuse instead of having it waited for.
  if (::fcntl(disk.fd_.get(), F_SETFL, 0) != 0) return std::unexpected(error_of(role, "opened", errno));
  return disk;
}

Result<void> DiskFile::measure(std::string_view role) {
  const off_t end = ::lseek(fd_.get(), 0, SEEK_END);
  if (end < 0) return std::unexpected(error_of(role, "measured", errno));
  size_ = static_cast<std::uint64_t>(end);
  if (size_ == 0) return std::unexpected(Error{.what = Fault::kFileEmpty, .subject = std::string(role)});
  if (block_device_) {
    int logical = 0;
    unsigned physical = 0;
    if (::ioctl(fd_.get(), BLKSSZGET, &logical) == 0 && logical > 0)
      logical_block_ = static_cast<std::uint32_t>(logical);
    if (::ioctl(fd_.get(), BLKPBSZGET, &physical) == 0 && physical >= logical_block_)
      physical_block_ = physical;
  }
  if (size_ % logical_block_ != 0)
    return std::unexpected(Error{.what = Fault::kDiskSize,
                                 .subject = std::string(role),
                                 .found = Size{size_},
                                 .wanted = Size{logical_block_}});
  return {};
}

bool DiskFile::is_cut() const {
  if (block_device_) return false;
  struct stat status{};
  return ::fstat(fd_.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < size_;
}

}  // namespace pvh::backend
