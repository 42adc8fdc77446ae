// lzma and xz, by liblzma. The kernel's xz payload goes through an x86 filter, which liblzma undoes by
// itself.
#include <lzma.h>

#include "unpack.hpp"

namespace pvh::image {
namespace {

/// A dictionary larger than the output may be is of no use, so a file that wants one is refused before it is
/// allocated. Small limits still leave room for the usual presets (9 needs 65 MiB).
std::uint64_t memory_limit(const Output& output) {
  constexpr std::uint64_t kBesidesDictionary = 2 * kMiB;
  constexpr std::uint64_t kUsual = 64 * kMiB;
  return std::clamp(output.limit, kUsual, UINT64_MAX - kBesidesDictionary) + kBesidesDictionary;
}

class Decoder {
 public:
  Decoder() = default;
  ~Decoder() { lzma_end(&stream); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  lzma_stream stream = LZMA_STREAM_INIT;
};

/// Runs `stream`, which has been prepared for `compression`, to its end.
Result<std::uint64_t> run(lzma_stream& stream, Compression compression, Bytes packed, std::uint64_t at,
                          Output& output) {
  const Bytes in = input_at(packed, at);
  stream.next_in = uchars(in);
  stream.avail_in = in.size();
  const std::span<std::byte> room = output.room();
  if (room.empty()) return no_room(compression, at, output);
  stream.next_out = uchars(room);
  stream.avail_out = room.size();
  lzma_ret result = LZMA_OK;
  while (result == LZMA_OK) result = lzma_code(&stream, LZMA_FINISH);
  at += in.size() - stream.avail_in;
  output.used += room.size() - stream.avail_out;

  switch (result) {
    case LZMA_STREAM_END:
      return at;
    case LZMA_BUF_ERROR:  // nothing moves any more
      return stream.avail_out == 0 ? no_room(compression, at, output) : truncated(compression, at);
    case LZMA_MEM_ERROR:
      return no_memory(compression);
    case LZMA_MEMLIMIT_ERROR:
      return std::unexpected(Error{.what = Fault::kPackedNeedsMemory,
                                   .subject = data_of(compression),
                                   .where = at,
                                   .found = Size{lzma_memusage(&stream)},
                                   .wanted = Size{memory_limit(output)}});
    case LZMA_OPTIONS_ERROR:
      return unsupported(compression, at, "a filter or option that liblzma does not know");
    case LZMA_FORMAT_ERROR:
      return corrupt(compression, at, "the header is none of this format");
    default:
      return corrupt(compression, at, "the data or its checksum is wrong");
  }
}

Result<std::uint64_t> unpack_xz_stream(Bytes packed, std::uint64_t at, Output& output) {
  Decoder decoder;
  if (lzma_stream_decoder(&decoder.stream, memory_limit(output), 0) != LZMA_OK)
    return no_memory(Compression::kXz);
  Result<std::uint64_t> end = run(decoder.stream, Compression::kXz, packed, at, output);
  if (!end) return end;
  // Zero words may pad a stream before the next.
  while (read_le<std::uint32_t>(packed, *end) == 0U) *end += sizeof(std::uint32_t);
  return end;
}

}  // namespace

Result<void> unpack_xz(Bytes packed, Output& output) {
  return unpack_streams(packed, std::string_view("\xfd\x37zXZ\0", 6), output, unpack_xz_stream);
}

Result<void> unpack_lzma(Bytes packed, Output& output) {
  Decoder decoder;
  if (lzma_alone_decoder(&decoder.stream, memory_limit(output)) != LZMA_OK)
    return no_memory(Compression::kLzma);
  const Result<std::uint64_t> end = run(decoder.stream, Compression::kLzma, packed, 0, output);
  if (!end) return std::unexpected(end.error());
  return {};
}

}  // namespace pvh::image
