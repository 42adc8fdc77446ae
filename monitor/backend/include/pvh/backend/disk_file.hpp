// The file behind a disk: a regular file or a block device, open, and locked against other writers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"
#include "pvh/base/unique_fd.hpp"

namespace pvh::backend {

inline constexpr std::uint64_t kSectorSize = 512;

class DiskFile {
 public:
  /// `role` is what the file is wanted for: "disk 0". While this lives, no other DiskFile, in whatever
  /// process, and no QEMU may write the file; nor, unless `read_only`, read it.
  [[nodiscard]] static Result<DiskFile> open(const std::string& path, bool read_only, std::string_view role);

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  /// Bytes: a multiple of kSectorSize and not 0. Whatever becomes of the file, the disk stays as large.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  /// What the host reads and writes in one go.
  [[nodiscard]] std::uint32_t logical_block() const { return logical_block_; }
  [[nodiscard]] std::uint32_t physical_block() const { return physical_block_; }
  /// Whether the file has become shorter than the disk. What lay there is lost, and a write behind it would
  /// make zeros of it.
  [[nodiscard]] bool is_cut() const;

 private:
  DiskFile() = default;

  [[nodiscard]] Result<void> measure(std::string_view role);

  UniqueFd fd_;
  std::uint64_t size_ = 0;
  bool read_only_ = false;
  bool block_device_ = false;
  std::uint32_t logical_block_ = kSectorSize;
  std::uint32_t physical_block_ = 4096;
};

}  // namespace pvh::backend
