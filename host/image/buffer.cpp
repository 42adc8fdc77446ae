// Memory for unpacked bytes, straight from the kernel: pages come when they are touched.
#include "pvh/image/buffer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <utility>

namespace pvh::image {
namespace {

constexpr std::uint64_t kHugePage = 2 * kMiB;

/// `capacity` bytes of private zero pages, or null. Reserves no memory for them.
std::byte* map(std::size_t capacity) {
  void* place =
      mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place == MAP_FAILED ? nullptr : static_cast<std::byte*>(place);
}

/// As `map`, from the start of a huge page.
std::byte* map_huge(std::size_t capacity) {
  std::byte* const place = map(capacity + kHugePage);
  if (place == nullptr) return nullptr;
  const auto misalignment = static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(place) % kHugePage);
  const std::size_t head = misalignment == 0 ? 0 : kHugePage - misalignment;
  if (head != 0) munmap(place, head);
  munmap(place + head + capacity, kHugePage - head);
  // Page faults cost more than lz4 does. Where the kernel declines, ordinary pages serve.
  madvise(place + head, capacity, MADV_HUGEPAGE);
  return place + head;
}

}  // namespace

Result<Buffer> Buffer::reserve(std::uint64_t capacity) {
  const auto no_space = [&] {
    return std::unexpected(Error{.what = Fault::kNoAddressSpace, .wanted = Size{capacity}});
  };
  Buffer buffer;
  if (capacity == 0) return buffer;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (capacity > std::numeric_limits<std::size_t>::max() / 2) return no_space();

  // Whole pages, because what is mapped and unmapped is.
  const auto whole = static_cast<std::size_t>((capacity + page - 1) / page * page);
  std::byte* const place = capacity < kHugePage ? map(whole) : map_huge(whole);
  if (place == nullptr) return no_space();
  buffer.data_ = place;
  buffer.capacity_ = static_cast<std::size_t>(capacity);
  return buffer;
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  shrink(0);
  data_ = std::exchange(other.data_, nullptr);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

Buffer::~Buffer() {
  shrink(0);
}

void Buffer::shrink(std::uint64_t size) {
  if (size >= capacity_) return;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const auto pages = [page](std::size_t bytes) { return (bytes + page - 1) / page * page; };
  const std::size_t kept = pages(static_cast<std::size_t>(size));
  const std::size_t mapped = pages(capacity_);
  if (kept < mapped) munmap(data_ + kept, mapped - kept);
  capacity_ = static_cast<std::size_t>(size);
  if (kept == 0) data_ = nullptr;
}

}  // namespace pvh::image
