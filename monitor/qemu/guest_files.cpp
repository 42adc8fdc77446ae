#include "guest_files.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "pvh/boot/load.hpp"
#include "rom.hpp"

namespace pvh::qemu {

namespace {

/// A memory file as we see it, as long as this lives.
class Mapping {
 public:
  Mapping(int fd, std::size_t size)
      : size_(size),
        start_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (valid()) ::munmap(start_, size_);
  }

  [[nodiscard]] bool valid() const { return start_ != MAP_FAILED; }
  [[nodiscard]] std::span<std::byte> bytes() const { return {static_cast<std::byte*>(start_), size_}; }

 private:
  std::size_t size_;
  void* start_;
};

Error no_memory(std::uint64_t size, int error_number) {
  return Error{
      .what = Fault::kNoGuestMemory, .found = std::string(std::strerror(error_number)), .wanted = Size{size}};
}

Result<UniqueFd> memory_file(const char* name, std::uint64_t size) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return std::unexpected(no_memory(size, errno));
  return fd;
}

Result<UniqueFd> loaded_memory(const boot::BootPlan& plan, std::uint64_t size) {
  auto fd = memory_file("guest memory", size);
  if (!fd) return fd;
  const Mapping mapping(fd->get(), size);
  if (!mapping.valid()) return std::unexpected(no_memory(size, errno));
  std::vector<boot::MemoryPiece> pieces;
  for (const board::Backing& piece : plan.backing)
    pieces.push_back(
        {.range = piece.range, .host = mapping.bytes().subspan(piece.offset, piece.range.size())});
  boot::SpanMemory memory(std::move(pieces));
  if (const auto loaded = boot::load(plan, memory, boot::Before::kZeros); !loaded)
    return std::unexpected(loaded.error());
  return fd;
}

Result<UniqueFd> rom_file(const boot::EntryState& state) {
  const std::vector<std::byte> image = rom(state);
  auto fd = memory_file("boot ROM", image.size());
  if (!fd) return fd;
  if (::pwrite(fd->get(), image.data(), image.size(), 0) != static_cast<ssize_t>(image.size()))
    return std::unexpected(no_memory(image.size(), errno));
  return fd;
}

}  // namespace

Result<GuestFiles> make_guest_files(const boot::BootPlan& plan) {
  std::uint64_t size = 0;
  for (const board::Backing& piece : plan.backing) size = std::max(size, piece.offset + piece.range.size());
  auto memory = loaded_memory(plan, size);
  if (!memory) return std::unexpected(memory.error());
  auto rom = rom_file(plan.state);
  if (!rom) return std::unexpected(rom.error());
  return GuestFiles{.memory = std::move(*memory), .rom = std::move(*rom), .memory_size = size};
}

}  // namespace pvh::qemu
