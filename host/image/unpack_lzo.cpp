// lzo as `lzop` writes it: a header, then blocks, each with its sizes and checksums, big-endian. Blocks by
// liblzo2, checksums by zlib (the same functions).
#include <lzo/lzo1x.h>
#include <zlib.h>

#include <bit>
#include <concepts>
#include <optional>

#include "unpack.hpp"

namespace pvh::image {
namespace {

using namespace std::string_view_literals;

constexpr Compression kLzo = Compression::kLzo;
constexpr std::string_view kMagic = "\x89LZO\0\r\n\x1a\n"sv;
constexpr std::uint16_t kOldestVersion = 0x0940;  // has the level, and the version needed to read it
constexpr std::uint32_t kLargestBlock = 64 * 1024 * 1024;

// Header flags: what is checked in each block, of the data (unpacked) and of its packed form.
constexpr std::uint32_t kAdlerOfData = 0x1;
constexpr std::uint32_t kAdlerOfPacked = 0x2;
constexpr std::uint32_t kExtraField = 0x40;
constexpr std::uint32_t kCrcOfData = 0x100;
constexpr std::uint32_t kCrcOfPacked = 0x200;
constexpr std::uint32_t kFilter = 0x800;
constexpr std::uint32_t kHeaderCrc = 0x1000;

std::uint32_t adler32_of(Bytes bytes) {
  return static_cast<std::uint32_t>(adler32_z(adler32_z(0, nullptr, 0), uchars(bytes), bytes.size()));
}

std::uint32_t crc32_of(Bytes bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), uchars(bytes), bytes.size()));
}

/// Reads big-endian numbers one after the other. Past the end it reads 0 and stays `ended`, so that a
/// header's fields can be read in a row and checked once.
class Cursor {
 public:
  Cursor(Bytes bytes, std::uint64_t at) : bytes_(bytes), at_(at) {}

  template <std::unsigned_integral T>
  T read() {
    const auto value = read_le<T>(bytes_, at_);
    if (!value) ended_ = true;
    if (ended_) return 0;
    at_ += sizeof(T);
    return std::byteswap(*value);
  }

  /// The next `size` bytes; none past the end.
  Bytes take(std::uint64_t size) {
    const auto piece = slice(bytes_, at_, size);
    if (!piece) ended_ = true;
    if (ended_) return {};
    at_ += size;
    return *piece;
  }

  [[nodiscard]] std::uint64_t at() const { return at_; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Bytes bytes_;
  std::uint64_t at_;
  bool ended_ = false;
};

/// Reads a header, and says what its flags are.
Result<std::uint32_t> read_header(Bytes packed, Cursor& cursor) {
  const std::uint64_t start = cursor.at();
  cursor.take(kMagic.size());
  const std::uint64_t checked_from = cursor.at();
  const auto version = cursor.read<std::uint16_t>();
  cursor.read<std::uint16_t>();  // of the library
  cursor.read<std::uint16_t>();  // needed to read it
  const auto method = cursor.read<std::uint8_t>();
  cursor.read<std::uint8_t>();  // level
  const auto flags = cursor.read<std::uint32_t>();
  if (cursor.ended()) return truncated(kLzo, packed.size());
  if (version < kOldestVersion) return unsupported(kLzo, start, "written by an lzop before 0.94");
  if ((flags & kFilter) != 0) return unsupported(kLzo, start, "a filter");
  if ((flags & kExtraField) != 0) return unsupported(kLzo, start, "an extra header field");
  cursor.take(3 * sizeof(std::uint32_t));    // mode and time
  cursor.take(cursor.read<std::uint8_t>());  // name
  const Bytes checked = input_at(packed, checked_from).first(cursor.at() - checked_from);
  const auto checksum = cursor.read<std::uint32_t>();
  if (cursor.ended()) return truncated(kLzo, packed.size());
  if (checksum != ((flags & kHeaderCrc) != 0 ? crc32_of(checked) : adler32_of(checked)))
    return corrupt(kLzo, start, "the header's checksum is wrong");
  if (method < 1 || method > 3) return unsupported(kLzo, start, "a method other than LZO1X");
  return flags;
}

/// What a block's header says.
struct Block {
  std::uint32_t size = 0;  ///< unpacked
  std::uint32_t packed_size = 0;
  std::optional<std::uint32_t> adler_of_data, crc_of_data, adler_of_packed, crc_of_packed;

  /// A block that did not shrink is stored, and its packed form has no checksum of its own.
  [[nodiscard]] bool stored() const { return packed_size == size; }
};

Block read_block_header(Cursor& cursor, std::uint32_t size, std::uint32_t flags) {
  Block block;
  block.size = size;
  block.packed_size = cursor.read<std::uint32_t>();
  if ((flags & kAdlerOfData) != 0) block.adler_of_data = cursor.read<std::uint32_t>();
  if ((flags & kCrcOfData) != 0) block.crc_of_data = cursor.read<std::uint32_t>();
  if (block.stored()) return block;
  if ((flags & kAdlerOfPacked) != 0) block.adler_of_packed = cursor.read<std::uint32_t>();
  if ((flags & kCrcOfPacked) != 0) block.crc_of_packed = cursor.read<std::uint32_t>();
  return block;
}

bool checksums_agree(Bytes bytes, std::optional<std::uint32_t> adler, std::optional<std::uint32_t> crc) {
  if (adler && *adler != adler32_of(bytes)) return false;
  return !crc || *crc == crc32_of(bytes);
}

Result<void> unpack_block(const Block& block, Bytes data, std::uint64_t at, Output& output) {
  if (!checksums_agree(data, block.adler_of_packed, block.crc_of_packed))
    return corrupt(kLzo, at, "a block's checksum is wrong");
  const std::span<std::byte> room = output.room();
  if (block.size > room.size()) return no_room(kLzo, at, output);
  const std::span<std::byte> place = room.first(block.size);
  if (block.stored()) {
    std::ranges::copy(data, place.begin());
  } else {
    lzo_uint written = place.size();
    const int result = lzo1x_decompress_safe(uchars(data), data.size(), uchars(place), &written, nullptr);
    if (result != LZO_E_OK || written != block.size) return corrupt(kLzo, at, "a block cannot be decoded");
  }
  if (!checksums_agree(place, block.adler_of_data, block.crc_of_data))
    return corrupt(kLzo, at, "a block's data has the wrong checksum");
  output.used += block.size;
  return {};
}

Result<std::uint64_t> unpack_file(Bytes packed, std::uint64_t start, Output& output) {
  Cursor cursor(packed, start);
  const Result<std::uint32_t> flags = read_header(packed, cursor);
  if (!flags) return std::unexpected(flags.error());
  for (;;) {
    const std::uint64_t at = cursor.at();
    const auto size = cursor.read<std::uint32_t>();
    if (cursor.ended()) return truncated(kLzo, packed.size());
    if (size == 0) return cursor.at();
    const Block block = read_block_header(cursor, size, *flags);
    if (cursor.ended()) return truncated(kLzo, packed.size());
    if (block.size > kLargestBlock || block.packed_size == 0 || block.packed_size > block.size)
      return corrupt(kLzo, at, "a block's size cannot be right");
    const Bytes data = cursor.take(block.packed_size);
    if (cursor.ended()) return truncated(kLzo, packed.size());
    if (const Result<void> done = unpack_block(block, data, at, output); !done)
      return std::unexpected(done.error());
  }
}

}  // namespace

Result<void> unpack_lzo(Bytes packed, Output& output) {
  return unpack_streams(packed, kMagic, output, unpack_file);
}

}  // namespace pvh::image
