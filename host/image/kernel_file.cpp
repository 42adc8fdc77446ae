// Peels a kernel file: one layer a step, until an ELF file lies open.
#include "pvh/image/kernel_file.hpp"

#include <utility>

#include "pvh/image/containers.hpp"
#include "unknown_file.hpp"

namespace pvh::image {
namespace {

/// A bzImage in a unified image in a compressed file, its payload, and the ELF inside: real ones need no
/// more.
constexpr std::size_t kMostLayers = 5;

/// What the next layer is read from.
struct Inside {
  Bytes bytes;
  std::uint64_t offset = 0;  ///< of `bytes`, in the file or in what was unpacked last
  std::string within = {};   ///< what that was; empty for the file

  /// `error`, found in `bytes`, in terms of what a person can look at.
  [[nodiscard]] std::unexpected<Error> located(Error error) const {
    if (error.where) *error.where += offset;
    if (error.within.empty()) error.within = within;
    return std::unexpected(std::move(error));
  }
};

/// The kernel release is the first word of what a bzImage calls its version.
std::optional<std::string> release_of(std::string_view version) {
  const std::string_view word = version.substr(0, version.find(' '));
  if (word.empty()) return std::nullopt;
  return std::string(word);
}

std::optional<std::string> owned(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  return std::string(*text);
}

class Peeler {
 public:
  Peeler(Bytes file, const Limits& limits, UnpackedStore* store)
      : limits_(limits), store_(store), inside_{.bytes = file} {}

  Result<KernelFile> peel() {
    while (result_.layers.size() < kMostLayers) {
      const Result<bool> done = peel_one();
      if (!done) return std::unexpected(done.error());
      if (*done) return std::move(result_);
    }
    return inside_.located({.what = Fault::kNestedTooDeep, .where = 0, .wanted = std::uint64_t{kMostLayers}});
  }

 private:
  /// Takes the outermost layer off. True where that was the ELF.
  Result<bool> peel_one() {
    auto elf = read_elf(inside_.bytes);
    if (!elf) return inside_.located(std::move(elf.error()));
    if (*elf) {
      result_.layers.push_back({Format::kElf, Compression::kNone, 0});
      result_.elf = std::move(**elf);
      // Notes and segments are listed by their offsets in the ELF file, which `pvh extract` gives.
      result_.elf_within = inside_.offset == 0 ? inside_.within : "the ELF file inside";
      return true;
    }
    // A bzImage with an EFI stub is a PE file too, so it is asked first.
    const auto bzimage = read_bzimage(inside_.bytes);
    if (!bzimage) return inside_.located(bzimage.error());
    if (*bzimage) return open_bzimage(**bzimage);

    const auto unified = read_unified_image(inside_.bytes);
    if (!unified) return inside_.located(unified.error());
    if (*unified) return open_unified(**unified);

    const Compression compression = detect_compression(inside_.bytes);
    if (compression != Compression::kNone) return open_compressed(compression);
    return inside_.located(no_kernel());
  }

  /// About what was unwrapped last, where anything was: the file itself may be what it should.
  [[nodiscard]] Error no_kernel() const {
    Error error{.what = Fault::kNotAKernel, .found = looks_like(inside_.bytes)};
    if (result_.layers.empty()) return error;
    error.what = Fault::kNoKernelInside;
    error.where = 0;
    error.subject = inside_.within;
    if (result_.layers.back().format == Format::kUnifiedImage) error.subject = "section .linux";
    return error;
  }

  Result<bool> open_bzimage(const BzImage& bzimage) {
    if (!result_.release) result_.release = release_of(bzimage.version);
    const Bytes payload = bzimage.payload;
    const Compression compression = detect_compression(payload);
    result_.layers.push_back({Format::kBzImage, compression, bzimage.payload_offset});
    if (compression == Compression::kNone) return open_stored_payload(bzimage);

    // The unpacked size behind the payload: gzip's own trailer ends with it, to the others it was appended.
    constexpr std::uint64_t kSizeOfSize = sizeof(std::uint32_t);
    const std::uint64_t size_at = payload.size() - kSizeOfSize;
    const Bytes packed = compression == Compression::kGzip ? payload : payload.first(size_at);
    const Inside payload_inside{payload, inside_.offset + bzimage.payload_offset, inside_.within};
    const std::uint32_t size = read_le<std::uint32_t>(payload, size_at).value_or(0);
    const std::string within = "the unpacked " + std::string(name_of(compression)) + " payload";
    note_packed(packed, bzimage.payload_offset);
    if (const auto found = find_unpacked(); found && found->size() == size)
      return enter_found(*found, within);
    Result<Buffer> buffer = unpack(compression, packed, limits_.unpacked);
    if (!buffer) return payload_inside.located(std::move(buffer.error()));
    if (size != static_cast<std::uint32_t>(buffer->bytes().size()))
      return payload_inside.located({.what = Fault::kUnpackedSize,
                                     .subject = "the " + std::string(name_of(compression)) + " data",
                                     .where = size_at,
                                     .found = Size{buffer->bytes().size()},
                                     .wanted = Size{size}});
    return enter(std::move(*buffer), within);
  }

  /// A payload that is not compressed must be the kernel itself.
  Result<bool> open_stored_payload(const BzImage& bzimage) {
    Inside payload{bzimage.payload, inside_.offset + bzimage.payload_offset, inside_.within};
    if (!as_text(payload.bytes).starts_with("\177ELF"))
      return payload.located(
          {.what = Fault::kBzImagePayload, .where = 0, .found = first_bytes(payload.bytes)});
    unpacked_more_than_the_elf();
    inside_ = std::move(payload);
    return false;
  }

  Result<bool> open_unified(const UnifiedImage& unified) {
    result_.layers.push_back({Format::kUnifiedImage, Compression::kNone, unified.kernel_offset});
    // Of images in one another the outermost is the one that the person gave.
    if (!result_.initrd) result_.initrd = unified.initrd;
    if (!result_.command_line) result_.command_line = owned(unified.command_line);
    if (!result_.release) result_.release = owned(unified.release);
    if (!result_.os_release) result_.os_release = owned(unified.os_release);
    unpacked_more_than_the_elf();
    inside_ = Inside{unified.kernel, inside_.offset + unified.kernel_offset, std::move(inside_.within)};
    return false;
  }

  Result<bool> open_compressed(Compression compression) {
    result_.layers.push_back({Format::kCompressed, compression, 0});
    const std::string within = "the unpacked " + std::string(name_of(compression)) + " data";
    note_packed(inside_.bytes, 0);
    if (const auto found = find_unpacked()) return enter_found(*found, within);
    Result<Buffer> buffer = unpack(compression, inside_.bytes, limits_.unpacked);
    if (!buffer) return inside_.located(std::move(buffer.error()));
    return enter(std::move(*buffer), within);
  }

  /// `packed` lies at `offset` of the bytes that are being read.
  void note_packed(Bytes packed, std::uint64_t offset) {
    result_.packed.reset();
    if (inside_.within.empty()) result_.packed = Packed{inside_.offset + offset, packed};
  }

  /// What was unpacked is a container: the ELF alone would not stand for it.
  void unpacked_more_than_the_elf() {
    if (!inside_.within.empty()) result_.packed.reset();
  }

  /// What the store has for the packed bytes, as long as unpacking them would be allowed.
  std::optional<Bytes> find_unpacked() {
    if (store_ == nullptr || !result_.packed) return std::nullopt;
    const auto found = store_->find(*result_.packed);
    return found && found->size() <= limits_.unpacked ? found : std::nullopt;
  }

  /// Goes on with bytes that the store owns.
  Result<bool> enter_found(Bytes found, std::string within) {
    inside_ = Inside{found, 0, std::move(within)};
    result_.found_unpacked = true;
    return false;
  }

  /// Goes on with unpacked bytes; offsets count in these from here on.
  Result<bool> enter(Buffer buffer, std::string within) {
    inside_ = Inside{buffer.bytes(), 0, std::move(within)};
    // What it was unpacked from is done with, unless an initrd lies there.
    if (!result_.initrd) result_.unpacked.clear();
    result_.unpacked.push_back(std::move(buffer));
    return false;
  }

  Limits limits_;
  UnpackedStore* store_;
  Inside inside_;
  KernelFile result_ = {};
};

}  // namespace

std::string_view name_of(Format format) {
  switch (format) {
    case Format::kElf:
      return "ELF";
    case Format::kBzImage:
      return "bzImage";
    case Format::kUnifiedImage:
      return "UKI";
    case Format::kCompressed:
      return "compressed file";
  }
  return {};
}

Result<KernelFile> read_kernel_file(Bytes file, const Limits& limits, UnpackedStore* store) {
  return Peeler(file, limits, store).peel();
}

Result<KernelImage> kernel_image(const KernelFile& file) {
  auto image = kernel_image(file.elf);
  if (!image && image.error().where) image.error().within = file.elf_within;
  return image;
}

}  // namespace pvh::image
