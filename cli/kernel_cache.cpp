#include "kernel_cache.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "output.hpp"
#include "units.hpp"

namespace pvh::cli {
namespace {

/// An absolute path, for someone who will read it elsewhere; as it was given where there is none.
std::string whole_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> whole(::realpath(path.c_str(), nullptr), &::free);
  return whole ? whole.get() : path;
}

}  // namespace

std::uint64_t cache_limit() {
  const char* const text = std::getenv("PVH_CACHE_SIZE");
  if (text == nullptr || *text == '\0') return cache::kDefaultLimit;
  if (const auto size = parse_size(text)) return *size;
  complain(fmt::format("pvh: PVH_CACHE_SIZE is not a size such as 512M: {}\n", printable(text)));
  return cache::kDefaultLimit;
}

KernelCache::KernelCache(const MappedFile& file, std::string path)
    : descriptor_(file.descriptor()), state_(file.state()), path_(std::move(path)) {}

cache::Source KernelCache::source_of(const image::Packed& packed) const {
  return {.descriptor = descriptor_, .state = state_, .offset = packed.offset, .packed = packed.bytes};
}

std::optional<Bytes> KernelCache::find(const image::Packed& packed) {
  kernels_.emplace(cache_limit());
  cache::Descriptor file = kernels_->find(source_of(packed));
  if (!file) return std::nullopt;
  auto mapped = MappedFile::map(std::move(file), path_ + " (its unpacked ELF in the cache)", "the kernel");
  if (!mapped) return std::nullopt;
  found_ = std::move(*mapped);
  return found_->bytes();
}

void KernelCache::keep(const image::KernelFile& kernel) {
  if (!kernels_ || !kernel.packed || kernel.found_unpacked) return;
  const cache::Source source = source_of(*kernel.packed);
  const Bytes elf = kernel.elf.bytes;
  cache::Descriptor file = kernels_->draft(source, elf.size());
  if (!file || !write_all(file.get(), elf)) return;
  static_cast<void>(
      kernels_->keep(source, file, {.path = whole_path(path_), .release = kernel.release.value_or("")}));

  // Kept or not: in a file an engine need not copy it, and this memory is free.
  void* const place = const_cast<std::byte*>(elf.data());
  if (::mmap(place, elf.size(), PROT_READ, MAP_PRIVATE | MAP_FIXED, file.get(), 0) == MAP_FAILED) return;
  written_ = std::move(file);
  written_bytes_ = elf;
}

std::optional<FileView> KernelCache::unpacked() const {
  if (found_) return FileView{found_->bytes(), found_->descriptor()};
  if (written_) return FileView{written_bytes_, written_.get()};
  return std::nullopt;
}

}  // namespace pvh::cli
