// What is kept of a compressed kernel from one start to the next, as a start uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pvh/base/file_view.hpp"
#include "pvh/cache/kernels.hpp"
#include "pvh/image/kernel_file.hpp"
#include "pvh/system/mapped_file.hpp"

namespace pvh::launch {

/// The cache for one kernel file. Costs nothing where the kernel is not compressed.
class KernelCache final : public image::UnpackedStore {
 public:
  /// `file` must stay open as long as this is in use. `limit`: bytes of ELF files to keep at most.
  KernelCache(const system::MappedFile& file, std::string path, std::uint64_t limit);

  [[nodiscard]] std::optional<Bytes> find(const image::Packed& packed) override;

  /// Keeps the ELF of `kernel`, which was read with this, unless it was found here. The memory that it was
  /// unpacked to becomes a view of its file, where it stands: `kernel` views that from then on.
  void keep(const image::KernelFile& kernel);

  /// The unpacked ELF and its file, where it has one.
  [[nodiscard]] std::optional<FileView> unpacked() const;

 private:
  [[nodiscard]] cache::Source source_of(const image::Packed& packed) const;

  int descriptor_;
  system::FileState state_;
  std::string path_;
  std::uint64_t limit_;
  std::optional<cache::Kernels> kernels_;
  std::optional<system::MappedFile> found_;
  UniqueFd written_;  ///< the file of an ELF that was not found
  Bytes written_bytes_;
};

}  // namespace pvh::launch
