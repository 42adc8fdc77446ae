// The initial RAM disk of a Linux under test: linux_init and what it needs, in cpio's "newc" form.
#include "pvh/consumers/linux_disk.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

extern "C" const std::byte pvh_linux_init[], pvh_linux_init_end[];

namespace pvh::consumers {
namespace {

constexpr unsigned kDirectory = 0040755;
constexpr unsigned kProgram = 0100755;
constexpr unsigned kDevice = 0020600;

struct Device {
  unsigned major = 0;
  unsigned minor = 0;
};

void append(std::vector<std::byte>& out, Bytes bytes) {
  for (const std::byte byte : bytes) out.push_back(byte);
}

void pad(std::vector<std::byte>& out) {
  while (out.size() % 4 != 0) out.push_back(std::byte{0});
}

void add(std::vector<std::byte>& out, std::string_view name, unsigned mode, Bytes contents = {},
         Device device = {}) {
  static unsigned inode = 0;
  const std::string header = fmt::format(
      "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", ++inode, mode,
      0, 0, 1, 0, contents.size(), 0, 0, device.major, device.minor, name.size() + 1, 0);
  append(out, as_bytes(header));
  append(out, as_bytes(name));
  out.push_back(std::byte{0});
  pad(out);
  append(out, contents);
  pad(out);
}

std::vector<std::byte> made() {
  std::vector<std::byte> out;
  for (const std::string_view name : {"dev", "proc", "sys"}) add(out, name, kDirectory);
  add(out, "dev/console", kDevice, {}, {5, 1});
  add(out, "dev/ttyS0", kDevice, {}, {4, 64});
  add(out, "init", kProgram, {pvh_linux_init, pvh_linux_init_end});
  add(out, "TRAILER!!!", 0);
  return out;
}

}  // namespace

Bytes linux_disk() {
  static const std::vector<std::byte> kDisk = made();
  return kDisk;
}

}  // namespace pvh::consumers
