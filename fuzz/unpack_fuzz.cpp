// Any bytes for every decoder: the one whose magic they have, else the one that the first byte picks.
#include <cstdlib>

#include "pvh/image/compression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using pvh::image::Compression;
  constexpr Compression kAll[] = {Compression::kGzip, Compression::kBzip2, Compression::kLzma,
                                  Compression::kXz,   Compression::kLzo,   Compression::kLz4,
                                  Compression::kZstd};
  if (size == 0) return 0;
  pvh::Bytes packed = std::as_bytes(std::span(data, size));
  Compression compression = pvh::image::detect_compression(packed);
  if (compression == Compression::kNone) {
    compression = kAll[data[0] % std::size(kAll)];
    packed = packed.subspan(1);
  }
  constexpr std::uint64_t kLimit = pvh::kMiB;
  const auto buffer = pvh::image::unpack(compression, packed, kLimit);
  if (buffer && buffer->bytes().size() > kLimit) std::abort();
  if (!buffer && buffer.error().where.value_or(0) > packed.size()) std::abort();
  return 0;
}
