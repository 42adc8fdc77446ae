// The compressions that kernel files come in, each by its library.
#pragma once

#include <cstdint>
#include <string_view>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/image/buffer.hpp"

namespace pvh::image {

enum class Compression : std::uint8_t { kNone, kGzip, kBzip2, kLzma, kXz, kLzo, kLz4, kZstd };

/// "none", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd".
[[nodiscard]] std::string_view name_of(Compression compression);

/// By the magic at the start of `bytes`; kNone where there is none of these.
[[nodiscard]] Compression detect_compression(Bytes bytes);

/// All of the output, at most `limit` bytes; more is Fault::kUnpackedTooLarge. Streams that follow one
/// another directly are unpacked one behind the other; what else follows is ignored, but for lz4's legacy
/// frame, whose end nothing marks: a bzImage's payload goes in without its last 4 bytes. Touches no more
/// memory than the output needs, and no decoder allocates by a size that the data claims.
[[nodiscard]] Result<Buffer> unpack(Compression compression, Bytes packed, std::uint64_t limit);

}  // namespace pvh::image
