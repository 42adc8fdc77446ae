// The way from the bytes of any kernel file to the ELF inside, through whatever wraps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/move_only.hpp"
#include "pvh/image/buffer.hpp"
#include "pvh/image/compression.hpp"
#include "pvh/image/elf.hpp"
#include "pvh/image/kernel_image.hpp"

namespace pvh::image {

enum class Format : std::uint8_t { kElf, kBzImage, kUnifiedImage, kCompressed };

/// "ELF", "bzImage", "UKI", "compressed file".
[[nodiscard]] std::string_view name_of(Format format);

/// One wrapping, as it was met on the way in.
struct Layer {
  Format format;
  Compression compression;  ///< of what lies inside; kNone where it lies there as it is
  std::uint64_t offset;     ///< of what lies inside, in this layer's bytes
};

/// Compressed bytes, where they lie in the file.
struct Packed {
  std::uint64_t offset;
  Bytes bytes;
};

/// What was unpacked before, so that it need not be again.
class UnpackedStore {
 public:
  UnpackedStore() = default;
  virtual ~UnpackedStore() = default;
  UnpackedStore(const UnpackedStore&) = delete;
  UnpackedStore& operator=(const UnpackedStore&) = delete;

  /// What `packed` unpacks to, where that is known. It is viewed as long as the kernel file is.
  [[nodiscard]] virtual std::optional<Bytes> find(const Packed& packed) = 0;
};

/// A kernel file taken apart. Views point into the file's bytes, or into `unpacked`, which this owns: so it
/// can be moved and not copied.
struct KernelFile {
  std::vector<Layer> layers;  ///< outermost first; the last is the ELF itself
  std::vector<Buffer> unpacked;
  ElfFile elf;
  std::string elf_within;  ///< what offsets in `elf` count in: "the unpacked xz payload"; empty: the file
  std::optional<Bytes> initrd;              ///< a unified image's own
  std::optional<std::string> command_line;  ///< a unified image's own
  std::optional<std::string> release;       ///< kernel release, by the bzImage header or the unified image
  std::optional<std::string> os_release;    ///< a unified image's .osrel, verbatim
  std::optional<Packed> packed;  ///< what the ELF was unpacked from, where the file itself holds that
  bool found_unpacked = false;   ///< and the store had it
  [[no_unique_address]] MoveOnly move_only = {};
};

struct Limits {
  std::uint64_t unpacked = kGiB;  ///< bytes, for each layer
};

/// Takes `file` apart, at most a few layers deep. The result views `file`: keep it. `store`, where there is
/// one, is asked for what the file itself holds compressed, not for layers deeper in.
[[nodiscard]] Result<KernelFile> read_kernel_file(Bytes file, const Limits& limits = {},
                                                  UnpackedStore* store = nullptr);

/// As `kernel_image` of the ELF inside; an error names what its offset counts in.
[[nodiscard]] Result<KernelImage> kernel_image(const KernelFile& file);

}  // namespace pvh::image
