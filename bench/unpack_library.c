// The peer of bench/unpack: one compressed payload, unpacked by its library into fresh memory, and nothing
// else. Usage: unpack_library FILE OFFSET LENGTH UNPACKED lz4|xz|zstd
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zstd.h>

enum { kBlock = 8 << 20 };

// The kernel's lz4 payload: a magic, then blocks of a size and that many bytes.
static size_t unpack_lz4(const char* packed, size_t length, char* out) {
  size_t used = 0;
  for (size_t at = 4; at < length;) {
    uint32_t size;
    memcpy(&size, packed + at, sizeof size);
    const int written = LZ4_decompress_safe(packed + at + sizeof size, out + used, (int)size, kBlock);
    if (written < 0) return 0;
    used += (size_t)written;
    at += sizeof size + size;
  }
  return used;
}

static size_t unpack_xz(const char* packed, size_t length, char* out, size_t room) {
  uint64_t memory = UINT64_MAX;
  size_t in_used = 0;
  size_t used = 0;
  const lzma_ret done = lzma_stream_buffer_decode(&memory, 0, NULL, (const uint8_t*)packed, &in_used, length,
                                                  (uint8_t*)out, &used, room);
  return done == LZMA_OK ? used : 0;
}

int main(int count, char** arguments) {
  if (count != 6) return 2;
  const int file = open(arguments[1], O_RDONLY);
  const size_t offset = strtoul(arguments[2], NULL, 0);
  const size_t length = strtoul(arguments[3], NULL, 0);
  const size_t unpacked = strtoul(arguments[4], NULL, 0);
  const char* const bytes = mmap(NULL, offset + length, PROT_READ, MAP_PRIVATE, file, 0);
  const size_t room = unpacked + kBlock;
  char* const out = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED || out == MAP_FAILED) return 1;

  size_t used = 0;
  if (strcmp(arguments[5], "lz4") == 0) used = unpack_lz4(bytes + offset, length, out);
  if (strcmp(arguments[5], "xz") == 0) used = unpack_xz(bytes + offset, length, out, room);
  if (strcmp(arguments[5], "zstd") == 0) used = ZSTD_decompress(out, room, bytes + offset, length);
  return used == unpacked ? 0 : 1;
}
