#include "pvh/launch/kernel_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "pvh/system/write_file.hpp"

namespace pvh::launch {
namespace {

/// An absolute path, for someone who will read it elsewhere; as it was given where there is none.
std::string whole_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> whole(::realpath(path.c_str(), nullptr), &::free);
  return whole ? whole.get() : path;
}

/// Writes `bytes`, which begin a page and are memory of ours, to `file`, and puts the file in their place.
/// Piece by piece, so that the memory of one piece becomes the file's pages of the next: fresh memory can
/// cost more than everything else where the host is a virtual machine. False where it could not be written
/// whole.
bool move_to(const UniqueFd& file, Bytes bytes) {
  constexpr std::size_t kPiece = 2 * kMiB;  // a huge page
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    const Bytes piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
    if (!system::write_all(file.get(), piece)) return false;
    void* const place = const_cast<std::byte*>(piece.data());
    const void* const mapped =
        ::mmap(place, piece.size(), PROT_READ, MAP_PRIVATE | MAP_FIXED, file.get(), static_cast<off_t>(at));
    if (mapped == MAP_FAILED) return false;
  }
  return true;
}

}  // namespace

KernelCache::KernelCache(const system::MappedFile& file, std::string path, std::uint64_t limit)
    : descriptor_(file.descriptor()), state_(file.state()), path_(std::move(path)), limit_(limit) {}

cache::Source KernelCache::source_of(const image::Packed& packed) const {
  return {.descriptor = descriptor_, .state = state_, .offset = packed.offset, .packed = packed.bytes};
}

std::optional<Bytes> KernelCache::find(const image::Packed& packed) {
  kernels_.emplace(limit_);
  UniqueFd file = kernels_->find(source_of(packed));
  if (!file) return std::nullopt;
  auto mapped =
      system::MappedFile::map(std::move(file), path_ + " (its unpacked ELF in the cache)", "the kernel");
  if (!mapped) return std::nullopt;
  found_ = std::move(*mapped);
  return found_->bytes();
}

void KernelCache::keep(const image::KernelFile& kernel) {
  if (!kernels_ || !kernel.packed || kernel.found_unpacked) return;
  found_.reset();  // where it was not good enough
  const cache::Source source = source_of(*kernel.packed);
  const Bytes elf = kernel.elf.bytes;
  // The file takes the place of whole pages: nothing else may lie in the last one.
  const Bytes all = kernel.unpacked.empty() ? Bytes() : kernel.unpacked.back().bytes();
  if (all.data() != elf.data() || all.size() != elf.size()) return;
  UniqueFd file = kernels_->draft(source, elf.size());
  if (!file || !move_to(file, elf)) return;
  static_cast<void>(
      kernels_->keep(source, file, {.path = whole_path(path_), .release = kernel.release.value_or("")}));
  written_ = std::move(file);  // kept or not: what lies in a file an engine need not copy
  written_bytes_ = elf;
}

std::optional<FileView> KernelCache::unpacked() const {
  if (found_) return FileView{found_->bytes(), found_->descriptor()};
  if (written_) return FileView{written_bytes_, written_.get()};
  return std::nullopt;
}

}  // namespace pvh::launch
