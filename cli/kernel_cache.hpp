// What is kept of a compressed kernel from one start to the next, as `run` and `plan` use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "files.hpp"
#include "pvh/base/file_view.hpp"
#include "pvh/cache/kernels.hpp"
#include "pvh/image/kernel_file.hpp"

namespace pvh::cli {

/// The bytes of ELF files to keep at most: PVH_CACHE_SIZE, where that is a size (0: none). Says where it is
/// not.
[[nodiscard]] std::uint64_t cache_limit();

/// The cache for one kernel file. Costs nothing where the kernel is not compressed.
class KernelCache final : public image::UnpackedStore {
 public:
  /// `file` must stay open as long as this is in use.
  KernelCache(const MappedFile& file, std::string path);

  [[nodiscard]] std::optional<Bytes> find(const image::Packed& packed) override;

  /// Keeps the ELF of `kernel`, which was read with this, unless it was found here. The memory that it was
  /// unpacked to becomes a view of its file, where it stands: `kernel` views that from then on.
  void keep(const image::KernelFile& kernel);

  /// The unpacked ELF and its file, where it has one.
  [[nodiscard]] std::optional<FileView> unpacked() const;

 private:
  [[nodiscard]] cache::Source source_of(const image::Packed& packed) const;

  int descriptor_;
  cache::FileState state_;
  std::string path_;
  std::optional<cache::Kernels> kernels_;
  std::optional<MappedFile> found_;
  UniqueFd written_;  ///< the file of an ELF that was not found
  Bytes written_bytes_;
};

}  // namespace pvh::cli
