// lz4, by liblz4: the legacy frame (a bzImage's payload, `lz4 -l`) and the modern one, in any number and
// order.
#include <lz4.h>
#include <lz4frame.h>

#include <optional>

#include "unpack.hpp"

namespace pvh::image {
namespace {

constexpr Compression kLz4 = Compression::kLz4;
constexpr std::uint32_t kLegacyMagic = 0x184c2102;
constexpr std::uint32_t kFrameMagic = 0x184d2204;
constexpr std::uint32_t kSkippableMagic = 0x184d2a50;  // and the 15 that follow
constexpr std::uint64_t kLegacyBlock = 8 * kMiB;       // unpacked, each but the last

bool is_magic(std::uint32_t word) {
  return word == kLegacyMagic || word == kFrameMagic || (word & 0xfffffff0U) == kSkippableMagic;
}

bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// A legacy frame: its magic, then blocks of a size and that many bytes. Nothing marks the end: the data
/// ends, or another frame's magic stands where a size would, or zeros pad the rest. So nothing else may
/// follow.
Result<std::uint64_t> unpack_legacy_frame(Bytes packed, std::uint64_t at, Output& output) {
  at += sizeof kLegacyMagic;
  if (at == packed.size()) return truncated(kLz4, at);
  bool was_last = false;
  while (at < packed.size()) {
    const auto size = read_le<std::uint32_t>(packed, at);
    if (!size) {
      if (all_zero(input_at(packed, at))) return packed.size();
      return truncated(kLz4, packed.size());
    }
    if (is_magic(*size)) return at;
    if (*size == 0 && all_zero(input_at(packed, at))) return packed.size();
    if (*size == 0 || *size > LZ4_COMPRESSBOUND(kLegacyBlock))
      return corrupt(kLz4, at, "a block's size cannot be right");
    if (was_last) return corrupt(kLz4, at, "a block follows one that is shorter than 8 MiB");
    const auto block = slice(packed, at + sizeof *size, *size);
    if (!block) return truncated(kLz4, packed.size());
    const std::span<std::byte> room = output.room();
    if (room.size() < kLegacyBlock) return no_room(kLz4, at, output);
    const int written = LZ4_decompress_safe(chars(*block), chars(room), static_cast<int>(block->size()),
                                            static_cast<int>(kLegacyBlock));
    if (written < 0) return corrupt(kLz4, at, "a block cannot be decoded");
    output.used += static_cast<std::uint64_t>(written);
    was_last = static_cast<std::uint64_t>(written) < kLegacyBlock;
    at += sizeof *size + block->size();
  }
  return at;
}

class FrameContext {
 public:
  FrameContext() { ready_ = LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) == 0U; }
  ~FrameContext() { LZ4F_freeDecompressionContext(context_); }
  FrameContext(const FrameContext&) = delete;
  FrameContext& operator=(const FrameContext&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] LZ4F_dctx* get() const { return context_; }

 private:
  LZ4F_dctx* context_ = nullptr;
  bool ready_ = false;
};

/// A modern frame, or one to be skipped.
Result<std::uint64_t> unpack_modern_frame(Bytes packed, std::uint64_t at, Output& output) {
  const FrameContext context;
  if (!context.ready()) return no_memory(kLz4);
  LZ4F_decompressOptions_t options = {};
  options.stableDst = 1;  // the output stays where it is, so that it can be the window
  for (;;) {
    const Bytes in = input_at(packed, at);
    const std::span<std::byte> room = output.room();
    if (room.empty()) return no_room(kLz4, at, output);
    std::size_t read = in.size();
    std::size_t written = room.size();
    const std::size_t result =
        LZ4F_decompress(context.get(), room.data(), &written, in.data(), &read, &options);
    if (LZ4F_isError(result) != 0U) return corrupt(kLz4, at, LZ4F_getErrorName(result));
    at += read;
    output.used += written;
    if (result == 0) return at;
    if (read == 0 && written == 0) return truncated(kLz4, at);
  }
}

/// Whether another frame begins at `at`, or would if its magic were not cut off.
bool frame_goes_on(Bytes packed, std::uint64_t at) {
  if (const auto word = read_le<std::uint32_t>(packed, at)) return is_magic(*word);
  return goes_on(packed, at, "\x02\x21\x4c\x18") || goes_on(packed, at, "\x04\x22\x4d\x18");
}

}  // namespace

Result<void> unpack_lz4(Bytes packed, Output& output) {
  std::uint64_t at = 0;
  do {
    const bool legacy = read_le<std::uint32_t>(packed, at) == kLegacyMagic;
    const Result<std::uint64_t> end =
        legacy ? unpack_legacy_frame(packed, at, output) : unpack_modern_frame(packed, at, output);
    if (!end) return std::unexpected(end.error());
    at = *end;
  } while (frame_goes_on(packed, at));
  return {};
}

}  // namespace pvh::image
