// Reads a start of day whose bytes are written here one by one, as a producer leaves them: what the clause of
// the byte order (HDR-5) asks of a reader, seen on a processor of the other order. Says nothing, or which
// value is wrong.
#include <stdio.h>
#include <string.h>

#include "pvh/guest/start_info.hpp"

namespace {

constexpr uint64_t kAt = 0x1000;
constexpr unsigned char kDay[] = {0x78, 0xc5, 0x6e, 0x33, 1, 0, 0, 0,   // magic, version
                                  0,    0,    0,    0,    0, 0, 0, 0,   // flags, modules
                                  0,    0,    0,    0,    0, 0, 0, 0,   // their list
                                  0,    0,    0,    0,    0, 0, 0, 0,   // command line
                                  0x45, 0x23, 0x01, 0,    0, 0, 0, 0,   // RSDP at 0x12345
                                  0x38, 0x10, 0,    0,    0, 0, 0, 0,   // map at 0x1038
                                  1,    0,    0,    0,    0, 0, 0, 0,   // one entry
                                  0,    0,    0x12, 0,    5, 0, 0, 0,   // at 0x500120000
                                  0,    0x40, 0x03, 0,    0, 0, 0, 0,   // of 0x34000 bytes
                                  1,    0,    0,    0,    0, 0, 0, 0};  // RAM

int read_day(void*, uint64_t paddr, void* out, size_t size) {
  if (paddr < kAt || paddr - kAt > sizeof(kDay) || size > sizeof(kDay) - (paddr - kAt)) return 0;
  memcpy(out, kDay + (paddr - kAt), size);
  return 1;
}

int wrong(const char* what) {
  printf("the %s is not what the bytes say\n", what);
  return 1;
}

}  // namespace

int main() {
  using namespace pvh::guest;
  const auto info = StartInfo::parse({read_day, nullptr}, kAt);
  if (!info) return wrong("magic");
  if (info->version() != 1) return wrong("version");
  const auto rsdp = info->rsdp();
  if (!rsdp || *rsdp != 0x12345) return wrong("RSDP");
  const auto map = info->memory_map();
  if (!map) return wrong("map");
  const auto ram = map->from(0);
  if (!ram || ram->first != 0x500120000 || ram->last != 0x500153fff || ram->type != 1) return wrong("entry");
  return 0;
}
