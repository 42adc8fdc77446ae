// What the decoders share: where their output goes, and the errors that all of them know. Private to image/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "pvh/image/compression.hpp"

namespace pvh::image {

/// Where a decoder writes. `space` is longer than `limit` by at least `kMargin`, so that a decoder of whole
/// blocks need not tell a full output from a broken block; shorter only where the host had no more to give.
struct Output {
  static constexpr std::uint64_t kMargin = 8 * kMiB;

  std::span<std::byte> space;
  std::uint64_t limit;
  std::uint64_t used = 0;

  [[nodiscard]] std::span<std::byte> room() const { return space.subspan(static_cast<std::size_t>(used)); }
};

/// At most this many bytes a call, for the libraries that count in 32 bits.
inline constexpr std::uint64_t kMostPerCall = kGiB;

[[nodiscard]] inline Bytes input_at(Bytes packed, std::uint64_t at) {
  return packed.subspan(static_cast<std::size_t>(at));
}

/// How the libraries like their bytes.
[[nodiscard]] inline const unsigned char* uchars(Bytes bytes) {
  return static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
}
[[nodiscard]] inline unsigned char* uchars(std::span<std::byte> bytes) {
  return static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
}
[[nodiscard]] inline const char* chars(Bytes bytes) {
  return static_cast<const char*>(static_cast<const void*>(bytes.data()));
}
[[nodiscard]] inline char* chars(std::span<std::byte> bytes) {
  return static_cast<char*>(static_cast<void*>(bytes.data()));
}

[[nodiscard]] inline std::string data_of(Compression compression) {
  return "the " + std::string(name_of(compression)) + " data";
}

[[nodiscard]] inline std::unexpected<Error> truncated(Compression compression, std::uint64_t where) {
  return std::unexpected(
      Error{.what = Fault::kPackedTruncated, .subject = data_of(compression), .where = where});
}

[[nodiscard]] inline std::unexpected<Error> corrupt(Compression compression, std::uint64_t where,
                                                    std::string_view message) {
  return std::unexpected(Error{.what = Fault::kPackedCorrupt,
                               .subject = data_of(compression),
                               .where = where,
                               .found = std::string(message)});
}

[[nodiscard]] inline std::unexpected<Error> unsupported(Compression compression, std::uint64_t where,
                                                        std::string_view message) {
  return std::unexpected(Error{.what = Fault::kPackedUnsupported,
                               .subject = data_of(compression),
                               .where = where,
                               .found = std::string(message)});
}

/// The library asked the host for memory and did not get it.
[[nodiscard]] inline std::unexpected<Error> no_memory(Compression compression) {
  return std::unexpected(Error{.what = Fault::kNoAddressSpace, .subject = data_of(compression)});
}

/// The output does not fit: by the limit, or because the host gave less space than that.
[[nodiscard]] inline std::unexpected<Error> no_room(Compression compression, std::uint64_t where,
                                                    const Output& output) {
  const bool by_limit = output.space.size() > output.limit;
  return std::unexpected(Error{.what = by_limit ? Fault::kUnpackedTooLarge : Fault::kNoAddressSpace,
                               .subject = data_of(compression),
                               .where = where,
                               .wanted = Size{by_limit ? output.limit : output.space.size() + 1}});
}

/// Whether `packed` goes on at `at` with `magic`, or is cut off inside it: then too there was more, and the
/// decoder will find it truncated.
[[nodiscard]] inline bool goes_on(Bytes packed, std::uint64_t at, std::string_view magic) {
  const std::string_view rest = as_text(input_at(packed, at));
  return !rest.empty() && magic.starts_with(rest.substr(0, magic.size()));
}

/// Decodes one stream from `at` and says where it ends, always behind `at`.
using StreamDecoder = Result<std::uint64_t> (*)(Bytes packed, std::uint64_t at, Output& output);

/// One stream, and every further one that follows directly. What follows the last is ignored.
[[nodiscard]] inline Result<void> unpack_streams(Bytes packed, std::string_view magic, Output& output,
                                                 StreamDecoder decode) {
  std::uint64_t at = 0;
  do {
    const Result<std::uint64_t> end = decode(packed, at, output);
    if (!end) return std::unexpected(end.error());
    at = *end;
  } while (goes_on(packed, at, magic));
  return {};
}

[[nodiscard]] Result<void> unpack_gzip(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_bzip2(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_lzma(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_xz(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_lzo(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_lz4(Bytes packed, Output& output);
[[nodiscard]] Result<void> unpack_zstd(Bytes packed, Output& output);

}  // namespace pvh::image
