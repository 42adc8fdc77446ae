// bzip2, by libbz2: any number of streams, one behind the other.
#include <bzlib.h>

#include "unpack.hpp"

namespace pvh::image {
namespace {

constexpr Compression kBzip2 = Compression::kBzip2;

class Decompressor {
 public:
  Decompressor() { ready_ = BZ2_bzDecompressInit(&stream, 0, 0) == BZ_OK; }
  ~Decompressor() { BZ2_bzDecompressEnd(&stream); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }

  bz_stream stream = {};

 private:
  bool ready_ = false;
};

std::string_view message_of(int result) {
  switch (result) {
    case BZ_DATA_ERROR_MAGIC:
      return "not a bzip2 stream";
    case BZ_DATA_ERROR:
      return "a block's data or checksum is wrong";
    default:
      return "libbz2 cannot go on";
  }
}

Result<std::uint64_t> unpack_stream(Bytes packed, std::uint64_t at, Output& output) {
  Decompressor decompressor;
  if (!decompressor.ready()) return no_memory(kBzip2);
  bz_stream& bz = decompressor.stream;
  for (;;) {
    const Bytes in = input_at(packed, at);
    const std::span<std::byte> room = output.room();
    if (room.empty()) return no_room(kBzip2, at, output);
    const auto in_size = static_cast<unsigned>(std::min<std::uint64_t>(in.size(), kMostPerCall));
    const auto room_size = static_cast<unsigned>(std::min<std::uint64_t>(room.size(), kMostPerCall));
    bz.next_in = const_cast<char*>(chars(in));  // the library only reads it
    bz.avail_in = in_size;
    bz.next_out = chars(room);
    bz.avail_out = room_size;
    const int result = BZ2_bzDecompress(&bz);
    const unsigned read = in_size - bz.avail_in;
    const unsigned written = room_size - bz.avail_out;
    at += read;
    output.used += written;
    if (result == BZ_STREAM_END) return at;
    if (result == BZ_MEM_ERROR) return no_memory(kBzip2);
    if (result != BZ_OK) return corrupt(kBzip2, at, message_of(result));
    // libbz2 calls it OK that nothing moves.
    if (read == 0 && written == 0) return truncated(kBzip2, at);
  }
}

}  // namespace

Result<void> unpack_bzip2(Bytes packed, Output& output) {
  return unpack_streams(packed, "BZh", output, unpack_stream);
}

}  // namespace pvh::image
