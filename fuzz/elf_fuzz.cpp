// Any bytes as an ELF kernel: an error, "not mine", or a result that keeps what its types promise.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "inside.hpp"
#include "pvh/image/kernel_image.hpp"

namespace {

using pvh::Bytes;
using pvh::GuestAddress;
using pvh::fuzz::inside;
using pvh::image::ElfFile;
using pvh::image::KernelImage;
using pvh::image::Note;
using pvh::image::Segment;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_segments(const ElfFile& elf) {
  require(!elf.segments.empty());
  for (const Segment& segment : elf.segments) {
    require(inside(elf.bytes, segment.bytes));
    require(segment.bytes.empty() || segment.bytes.data() == elf.bytes.data() + segment.file_offset);
    require(segment.bytes.size() <= segment.memory.size());
    require(segment.header_offset < elf.bytes.size());
  }
  std::vector<pvh::GuestRange> ranges;
  for (const Segment& segment : elf.segments) ranges.push_back(segment.memory);
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i) require(!ranges[i - 1].overlaps(ranges[i]));
}

void check_notes(const ElfFile& elf) {
  for (const Note& note : elf.notes) {
    require(inside(elf.bytes, note.desc));
    require(inside(elf.bytes, pvh::as_bytes(note.owner)));
    require(pvh::read_le<std::uint32_t>(elf.bytes, note.offset + 8) == note.type);
    require(pvh::read_le<std::uint32_t>(elf.bytes, note.offset + 4) == note.desc.size());
  }
  require(std::ranges::is_sorted(elf.notes, {}, &Note::offset));
}

void check_image(const KernelImage& image) {
  const auto holds_entry = [&image](const Segment& segment) { return segment.memory.contains(image.entry); };
  require(std::ranges::any_of(image.elf.segments, holds_entry));
  require(image.entry.value() < pvh::kFourGiB);
  for (const Segment& segment : image.elf.segments) require(image.extent.contains(segment.memory));
  require(pvh::read_le<std::uint32_t>(image.elf.bytes, image.entry_note_offset + 8) == 18U);
  if (!image.relocation) {
    require(image.extent.start() != GuestAddress(0));
    return;
  }
  require(std::has_single_bit(image.relocation->alignment));
  require(image.relocation->min <= image.relocation->max && image.relocation->max < pvh::kFourGiB);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto elf = pvh::image::read_elf(std::as_bytes(std::span(data, size)));
  if (!elf || !*elf) return 0;
  check_segments(**elf);
  check_notes(**elf);
  const auto image = pvh::image::kernel_image(**std::move(elf));
  if (image) check_image(*image);
  return 0;
}
