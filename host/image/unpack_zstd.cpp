// zstd, by libzstd: any number of frames. A frame at a time and straight into the output, which then serves
// as the decoder's window: the kernel's long windows cost no memory of their own.
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>

#include "unpack.hpp"

namespace pvh::image {
namespace {

constexpr Compression kZstd = Compression::kZstd;

Result<std::uint64_t> unpack_frame(ZSTD_DCtx* context, Bytes packed, std::uint64_t at, Output& output) {
  const Bytes in = input_at(packed, at);
  const std::size_t frame_size = ZSTD_findFrameCompressedSize(in.data(), in.size());
  if (ZSTD_isError(frame_size) != 0U) {
    if (ZSTD_getErrorCode(frame_size) == ZSTD_error_srcSize_wrong) return truncated(kZstd, packed.size());
    return corrupt(kZstd, at, ZSTD_getErrorName(frame_size));
  }
  const std::span<std::byte> room = output.room();
  const std::size_t written = ZSTD_decompressDCtx(context, room.data(), room.size(), in.data(), frame_size);
  if (ZSTD_isError(written) != 0U) {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(written);
    if (code == ZSTD_error_dstSize_tooSmall) return no_room(kZstd, at, output);
    if (code == ZSTD_error_memory_allocation) return no_memory(kZstd);
    return corrupt(kZstd, at, ZSTD_getErrorName(written));
  }
  output.used += written;
  return at + frame_size;
}

/// A frame that holds no data but is to be skipped; its magic's last 4 bits are free.
bool skippable_goes_on(Bytes packed, std::uint64_t at) {
  const auto magic = read_le<std::uint32_t>(packed, at);
  return magic && (*magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

}  // namespace

Result<void> unpack_zstd(Bytes packed, Output& output) {
  // One for all frames: it costs more than a small frame does, and a file can have millions of those.
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return no_memory(kZstd);
  std::uint64_t at = 0;
  do {
    const Result<std::uint64_t> end = unpack_frame(context.get(), packed, at, output);
    if (!end) return std::unexpected(end.error());
    at = *end;
  } while (goes_on(packed, at, "\x28\xb5\x2f\xfd") || skippable_goes_on(packed, at));
  return {};
}

}  // namespace pvh::image
