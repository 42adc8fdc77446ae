// The walk over one run of ELF notes, which nothing but the bounds can be trusted to end (NOTE-3). Private to
// image/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/image/elf.hpp"

namespace pvh::image {

/// The most notes that a file may have; kernels have a few dozen.
inline constexpr std::uint64_t kMostNotes = 65536;

/// A PT_NOTE segment or an SHT_NOTE section.
struct NoteArea {
  std::string name;  ///< "note segment 2"
  Bytes bytes;
  std::uint64_t offset;     ///< of `bytes` in the file
  std::uint64_t alignment;  ///< as claimed: 0 and 1 are legal, and nothing is divided by it
};

/// Appends every note of `area` to `notes`, or says what is wrong with the first that cannot be read.
///
/// Padding is 4 bytes whatever the area claims. Where that reading fails and the area claims 8, the padding
/// that merged or 8-padded notes have is tried, note by note, in time linear in the area (NOTE-3). Zeros up
/// to the end of the area are padding too.
[[nodiscard]] Result<void> append_notes(const NoteArea& area, std::vector<Note>& notes);

}  // namespace pvh::image
