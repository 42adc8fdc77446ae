// gzip, by zlib: any number of members, one behind the other.
#define ZLIB_CONST
#include <zlib.h>

#include "unpack.hpp"

namespace pvh::image {
namespace {

constexpr Compression kGzip = Compression::kGzip;

class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&stream, MAX_WBITS + kGzipOnly) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }

  z_stream stream = {};

 private:
  bool ready_ = false;
};

Result<std::uint64_t> unpack_member(Bytes packed, std::uint64_t at, Output& output) {
  Inflater inflater;
  if (!inflater.ready()) return no_memory(kGzip);
  z_stream& z = inflater.stream;
  for (;;) {
    const Bytes in = input_at(packed, at);
    const std::span<std::byte> room = output.room();
    if (room.empty()) return no_room(kGzip, at, output);
    const auto in_size = static_cast<uInt>(std::min<std::uint64_t>(in.size(), kMostPerCall));
    const auto room_size = static_cast<uInt>(std::min<std::uint64_t>(room.size(), kMostPerCall));
    z.next_in = uchars(in);
    z.avail_in = in_size;
    z.next_out = uchars(room);
    z.avail_out = room_size;
    const int result = inflate(&z, Z_NO_FLUSH);
    at += in_size - z.avail_in;
    output.used += room_size - z.avail_out;
    if (result == Z_STREAM_END) return at;
    if (result == Z_MEM_ERROR) return no_memory(kGzip);
    if (result == Z_BUF_ERROR && at == packed.size()) return truncated(kGzip, at);
    if (result != Z_OK) return corrupt(kGzip, at, z.msg == nullptr ? zError(result) : z.msg);
  }
}

}  // namespace

Result<void> unpack_gzip(Bytes packed, Output& output) {
  return unpack_streams(packed, "\x1f\x8b", output, unpack_member);
}

}  // namespace pvh::image
