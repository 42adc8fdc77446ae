// lz4, by liblz4: the legacy frame and the modern one, in any number and order.
#include "unpack_lz4.hpp"

#include <lz4frame.h>

namespace pvh::image {
namespace {

constexpr Compression kLz4 = Compression::kLz4;

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
  if (const auto word = read_le<std::uint32_t>(packed, at)) return is_lz4_magic(*word);
  return goes_on(packed, at, "\x02\x21\x4c\x18") || goes_on(packed, at, "\x04\x22\x4d\x18");
}

}  // namespace

Result<void> unpack_lz4(Bytes packed, Output& output) {
  std::uint64_t at = 0;
  do {
    const bool legacy = read_le<std::uint32_t>(packed, at) == kLz4LegacyMagic;
    const Result<std::uint64_t> end =
        legacy ? unpack_lz4_legacy_frame(packed, at, output, lz4_threads_for(input_at(packed, at)))
               : unpack_modern_frame(packed, at, output);
    if (!end) return std::unexpected(end.error());
    at = *end;
  } while (frame_goes_on(packed, at));
  return {};
}

}  // namespace pvh::image
