// A hostile driver and a disk: besides what the sanitizers see, the file keeps its size, and a read-only one
// its content. Transfers are made by threads, whose calls AddressSanitizer checks; those of io_uring it does
// not see.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "pvh/virtio/block.hpp"
#include "virtio_script.hpp"

namespace {

constexpr std::size_t kSize = 32 * 512;

std::vector<char> content_of(int fd) {
  std::vector<char> out(2 * kSize);
  const ssize_t got = ::pread(fd, out.data(), out.size(), 0);
  out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pvh::virtio;
  if (size == 0) return 0;
  const bool read_only = data[0] % 2 == 1;
  const pvh::UniqueFd file(::memfd_create("disk", MFD_CLOEXEC));
  const std::string bytes(kSize, 'd');
  if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return 0;
  {
    testing::GuardedRam ram;
    auto disk =
        pvh::backend::DiskFile::open("/proc/self/fd/" + std::to_string(file.get()), read_only, "disk 0");
    if (!disk) std::abort();
    Block device(std::move(*disk), {.name = "disk 0", .serial = "s", .queues = 2, .threads_only = true});
    testing::Registers registers(device, ram.memory());
    testing::Script(std::as_bytes(std::span(data, size)).subspan(1), ram, registers, device.features()).run();
  }
  const auto content = content_of(file.get());
  if (content.size() != kSize) std::abort();
  if (read_only && std::string(content.begin(), content.end()) != bytes) std::abort();
  return 0;
}
