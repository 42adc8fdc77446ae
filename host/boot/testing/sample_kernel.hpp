// A kernel image built by hand: what image/ would find in a file, without the file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pvh/image/kernel_image.hpp"

namespace pvh::boot::testing {

[[nodiscard]] inline GuestRange at(std::uint64_t start, std::uint64_t size) {
  return GuestRange::from_size(GuestAddress{start}, size).value();
}

/// Segments that hold `text` and then zeros; the entry is the first byte of the first one.
class SampleKernel {
 public:
  SampleKernel& segment(std::uint64_t start, std::uint64_t size, std::string_view text = "kernel") {
    segments_.push_back({.memory = at(start, size),
                         .bytes = as_bytes(text.substr(0, std::min<std::uint64_t>(text.size(), size))),
                         .file_offset = 0,
                         .flags = 7,
                         .alignment = kPageSize,
                         .header_offset = 0});
    return *this;
  }

  SampleKernel& relocatable(std::uint64_t alignment, std::uint64_t min = 0, std::uint64_t max = 0xffffffff) {
    relocation_ = {.alignment = alignment, .min = min, .max = max};
    return *this;
  }

  [[nodiscard]] image::KernelImage build() const {
    GuestAddress lowest = segments_.front().memory.start();
    GuestAddress end;
    for (const image::Segment& segment : segments_) {
      lowest = std::min(lowest, segment.memory.start());
      end = std::max(end, segment.memory.end());
    }
    return {.elf = {.bytes = {},
                    .elf_class = image::ElfClass::k64,
                    .machine = image::Machine::kX86_64,
                    .e_entry = 0,
                    .segments = segments_,
                    .notes = {}},
            .entry = segments_.front().memory.start(),
            .entry_note_offset = 0,
            .extent = GuestRange::from_ends(lowest, end).value(),
            .relocation = relocation_};
  }

 private:
  std::vector<image::Segment> segments_;
  std::optional<image::RelocationLimits> relocation_;
};

}  // namespace pvh::boot::testing
