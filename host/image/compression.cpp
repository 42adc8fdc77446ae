// Which compression it is, and the space that its decoder writes to.
#include "pvh/image/compression.hpp"

#include <array>

#include "unpack.hpp"

namespace pvh::image {
namespace {

using namespace std::string_view_literals;

struct Magic {
  Compression compression;
  std::string_view bytes;
};

constexpr std::array kMagics = {
    Magic{Compression::kGzip, "\x1f\x8b"sv},        Magic{Compression::kBzip2, "BZh"sv},
    Magic{Compression::kXz, "\xfd\x37zXZ\0"sv},     Magic{Compression::kLzo, "\x89LZO\0\r\n\x1a\n"sv},
    Magic{Compression::kLz4, "\x02\x21\x4c\x18"sv},  // legacy frame
    Magic{Compression::kLz4, "\x04\x22\x4d\x18"sv}, Magic{Compression::kZstd, "\x28\xb5\x2f\xfd"sv},
};

/// .lzma files have no magic. What they have: the usual properties, a dictionary size that is a multiple of
/// 64 KiB, and an unpacked size below 1 TiB or "unknown".
bool looks_like_lzma(Bytes bytes) {
  constexpr std::uint8_t kUsualProperties = 0x5d;
  const auto properties = read_le<std::uint8_t>(bytes, 0);
  const auto dictionary = read_le<std::uint32_t>(bytes, 1);
  const auto size = read_le<std::uint64_t>(bytes, 5);
  if (!size || *properties != kUsualProperties || *dictionary == 0) return false;
  return *dictionary % (64 * kKiB) == 0 && (*size == UINT64_MAX || *size < kTiB);
}

/// lz4 and zstd share frames to be skipped (pzstd begins with one). What follows them tells which it is.
Bytes behind_skippable_frames(Bytes bytes) {
  constexpr std::uint32_t kSkippable = 0x184d2a50;
  for (;;) {
    const auto magic = read_le<std::uint32_t>(bytes, 0);
    const auto size = read_le<std::uint32_t>(bytes, 4);
    if (!size || (*magic & 0xfffffff0U) != kSkippable) return bytes;
    const auto frame = slice(bytes, 0, std::uint64_t{*size} + 8);
    if (!frame) return {};
    bytes = bytes.subspan(frame->size());
  }
}

/// Space for `limit` bytes and the margin; less where the host has less address space to give
/// (RLIMIT_AS, strict overcommit), because most kernels need far less than the limit.
Result<Buffer> reserve_output(std::uint64_t limit) {
  constexpr std::uint64_t kLeast = 16 * kMiB;
  constexpr std::uint64_t kMost = 64 * kTiB;  // no address space is larger
  const std::uint64_t wanted = std::min(limit, kMost) + Output::kMargin;
  Result<Buffer> buffer = Buffer::reserve(wanted);
  for (std::uint64_t less = wanted / 2; !buffer && less >= kLeast; less /= 2) buffer = Buffer::reserve(less);
  return buffer;
}

Result<void> decode(Compression compression, Bytes packed, Output& output) {
  switch (compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return unpack_gzip(packed, output);
    case Compression::kBzip2:
      return unpack_bzip2(packed, output);
    case Compression::kLzma:
      return unpack_lzma(packed, output);
    case Compression::kXz:
      return unpack_xz(packed, output);
    case Compression::kLzo:
      return unpack_lzo(packed, output);
    case Compression::kLz4:
      return unpack_lz4(packed, output);
    case Compression::kZstd:
      return unpack_zstd(packed, output);
  }
  if (packed.size() > output.limit) return no_room(compression, 0, output);
  if (packed.size() > output.space.size()) return no_room(compression, 0, output);
  std::ranges::copy(packed, output.space.begin());
  output.used = packed.size();
  return {};
}

}  // namespace

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kBzip2:
      return "bzip2";
    case Compression::kLzma:
      return "lzma";
    case Compression::kXz:
      return "xz";
    case Compression::kLzo:
      return "lzo";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      return "zstd";
  }
  return {};
}

Compression detect_compression(Bytes bytes) {
  const std::string_view start = as_text(behind_skippable_frames(bytes));
  for (const Magic& magic : kMagics)
    if (start.starts_with(magic.bytes)) return magic.compression;
  return looks_like_lzma(bytes) ? Compression::kLzma : Compression::kNone;
}

Result<Buffer> unpack(Compression compression, Bytes packed, std::uint64_t limit) {
  Result<Buffer> buffer = reserve_output(limit);
  if (!buffer) return buffer;
  Output output{.space = buffer->space(), .limit = limit};
  if (const Result<void> done = decode(compression, packed, output); !done)
    return std::unexpected(done.error());
  if (output.used > limit) return no_room(compression, packed.size(), output);
  buffer->shrink(output.used);
  return buffer;
}

}  // namespace pvh::image
