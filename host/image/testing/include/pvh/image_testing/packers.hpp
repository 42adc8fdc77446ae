// Packs bytes as the ordinary tools do, by the same libraries, for tests of the unpackers. A test that uses
// this links bz2, lz4, lzma, lzo2, z and zstd.
#pragma once

#define ZLIB_CONST
#include <bzlib.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

#include <bit>

#include "pvh/image/compression.hpp"
#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image_testing {

[[nodiscard]] inline const unsigned char* uchars(Bytes bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}
[[nodiscard]] inline unsigned char* uchars(Octets& bytes) {
  return static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
}
[[nodiscard]] inline char* chars(Octets& bytes) {
  return static_cast<char*>(static_cast<void*>(bytes.data()));
}
[[nodiscard]] inline const char* chars(Bytes bytes) {
  return static_cast<const char*>(static_cast<const void*>(bytes.data()));
}

[[nodiscard]] inline Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

[[nodiscard]] inline Octets pack_gzip(Bytes plain) {
  z_stream z = {};
  deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  Octets out(deflateBound(&z, plain.size()));
  z.next_in = uchars(plain);
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = uchars(out);
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

[[nodiscard]] inline Octets pack_bzip2(Bytes plain) {
  Octets out(plain.size() + plain.size() / 100 + 600);
  auto size = static_cast<unsigned>(out.size());
  BZ2_bzBuffToBuffCompress(chars(out), &size, const_cast<char*>(chars(plain)),
                           static_cast<unsigned>(plain.size()), 1, 0, 0);
  out.resize(size);
  return out;
}

[[nodiscard]] inline Octets run_lzma(lzma_stream& stream, Bytes plain) {
  Octets out(lzma_stream_buffer_bound(plain.size()) + 64);
  stream.next_in = uchars(plain);
  stream.avail_in = plain.size();
  stream.next_out = uchars(out);
  stream.avail_out = out.size();
  while (lzma_code(&stream, LZMA_FINISH) == LZMA_OK) {
  }
  out.resize(stream.total_out);
  lzma_end(&stream);
  return out;
}

/// With a dictionary of `dictionary` bytes; of unknown size, as `lzma` writes from a pipe.
[[nodiscard]] inline Octets pack_lzma(Bytes plain, std::uint32_t dictionary = 1U << 20U) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 1);
  options.dict_size = dictionary;
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_alone_encoder(&stream, &options) != LZMA_OK) return {};
  return run_lzma(stream, plain);
}

/// As the kernel's build does: CRC32 and the x86 filter.
[[nodiscard]] inline Octets pack_xz(Bytes plain, std::uint32_t dictionary = 1U << 20U) {
  lzma_options_lzma options;
  lzma_lzma_preset(&options, 1);
  options.dict_size = dictionary;
  const lzma_filter filters[] = {
      {LZMA_FILTER_X86, nullptr}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_encoder(&stream, filters, LZMA_CHECK_CRC32) != LZMA_OK) return {};
  return run_lzma(stream, plain);
}

[[nodiscard]] inline Octets pack_zstd(Bytes plain) {
  Octets out(ZSTD_compressBound(plain.size()));
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(context);
  return out;
}

/// `lz4 -l`, which is what a bzImage holds.
[[nodiscard]] inline Octets pack_lz4_legacy(Bytes plain, std::size_t block_size = 8 * kMiB) {
  Octets out = u32(0x184c2102);
  while (!plain.empty()) {
    const Bytes piece = plain.first(std::min(plain.size(), block_size));
    Octets block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(piece.size()))));
    const int size = LZ4_compress_default(chars(piece), chars(block), static_cast<int>(piece.size()),
                                          static_cast<int>(block.size()));
    block.resize(static_cast<std::size_t>(size));
    out = std::move(out) + u32(static_cast<std::uint32_t>(size)) + block;
    plain = plain.subspan(piece.size());
  }
  return out;
}

/// `lz4`: linked blocks and a checksum.
[[nodiscard]] inline Octets pack_lz4(Bytes plain) {
  LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  Octets out(LZ4F_compressFrameBound(plain.size(), &preferences));
  out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences));
  return out;
}

template <class T>
void append_be(Octets& out, T value) {
  append_le(out, std::byteswap(value));
}

/// `lzop`, with the checksums that `flags` ask for (1, 2: Adler of data and packed; 0x100, 0x200: CRC32).
[[nodiscard]] inline Octets pack_lzo(Bytes plain, std::uint32_t flags = 0x1) {
  const auto adler = [](Bytes bytes) {
    return static_cast<std::uint32_t>(adler32_z(1, uchars(bytes), bytes.size()));
  };
  const auto crc = [](Bytes bytes) {
    return static_cast<std::uint32_t>(crc32_z(0, uchars(bytes), bytes.size()));
  };
  Octets header;
  for (const int version : {0x1040, 0x20a0, 0x0940}) append_be(header, static_cast<std::uint16_t>(version));
  header = std::move(header) + le<std::uint8_t>({1, 5});  // LZO1X-1, level 5
  for (const std::uint32_t word : {flags, 0100644U, 0U, 0U}) append_be(header, word);
  header = std::move(header) + le<std::uint8_t>({3, 'e', 'l', 'f'});
  append_be(header, (flags & 0x1000) != 0 ? crc(header) : adler(header));
  Octets out = le<std::uint8_t>({0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'}) + header;

  constexpr std::size_t kBlock = 256 * 1024;
  std::vector<std::uint64_t> work(LZO1X_1_MEM_COMPRESS / sizeof(std::uint64_t) + 1);
  while (!plain.empty()) {
    const Bytes piece = plain.first(std::min(plain.size(), kBlock));
    Octets packed(piece.size() + piece.size() / 16 + 67);
    lzo_uint size = packed.size();
    lzo1x_1_compress(uchars(piece), piece.size(), uchars(packed), &size, work.data());
    packed.resize(size);
    const bool stored = size >= piece.size();
    if (stored) packed.assign(piece.begin(), piece.end());
    append_be(out, static_cast<std::uint32_t>(piece.size()));
    append_be(out, static_cast<std::uint32_t>(packed.size()));
    if ((flags & 0x1) != 0) append_be(out, adler(piece));
    if ((flags & 0x100) != 0) append_be(out, crc(piece));
    if ((flags & 0x2) != 0 && !stored) append_be(out, adler(packed));
    if ((flags & 0x200) != 0 && !stored) append_be(out, crc(packed));
    out = std::move(out) + packed;
    plain = plain.subspan(piece.size());
  }
  append_be(out, std::uint32_t{0});
  return out;
}

/// By the format that a bzImage uses.
[[nodiscard]] inline Octets pack(image::Compression compression, Bytes plain) {
  switch (compression) {
    case image::Compression::kNone:
      break;
    case image::Compression::kGzip:
      return pack_gzip(plain);
    case image::Compression::kBzip2:
      return pack_bzip2(plain);
    case image::Compression::kLzma:
      return pack_lzma(plain);
    case image::Compression::kXz:
      return pack_xz(plain);
    case image::Compression::kLzo:
      return pack_lzo(plain);
    case image::Compression::kLz4:
      return pack_lz4_legacy(plain);
    case image::Compression::kZstd:
      return pack_zstd(plain);
  }
  return Octets(plain.begin(), plain.end());
}

}  // namespace pvh::image_testing
