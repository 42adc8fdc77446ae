// An ELF file as its headers describe it: what is loaded where (NOTE-5, NOTE-7), and its notes (NOTE-3,
// NOTE-4). ELF32 is widened to the 64-bit form here, once; nothing after this knows the difference.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh::image {

enum class ElfClass : std::uint8_t { k32, k64 };
enum class Machine : std::uint8_t { k386, kX86_64 };

/// A PT_LOAD segment with memory. Its file bytes lie inside the file; `memory` is never shorter than they
/// are.
struct Segment {
  GuestRange memory;            ///< at p_paddr, p_memsz long: what is reserved (NOTE-7)
  Bytes bytes;                  ///< the p_filesz bytes of the file; the rest of `memory` is zero
  std::uint64_t file_offset;    ///< of `bytes`
  std::uint32_t flags;          ///< PF_X 1, PF_W 2, PF_R 4
  std::uint64_t alignment;      ///< p_align, as the file says it
  std::uint64_t header_offset;  ///< of its program header, for messages
};

/// One note as it lies in the file. Views into the file's bytes; valid as long as they are.
struct Note {
  std::string_view owner;  ///< without the terminating NUL
  std::uint32_t type;      ///< meaning depends on the owner
  Bytes desc;              ///< without padding
  std::uint64_t offset;    ///< of the note's header, for messages
  bool terminated = true;  ///< the owner's NUL is there, as NOTE-1 wants it
};

struct ElfFile {
  Bytes bytes;  ///< the whole file; everything else views it
  ElfClass elf_class;
  Machine machine;
  std::uint64_t e_entry;          ///< for display: it plays no part in booting (NOTE-5)
  std::vector<Segment> segments;  ///< in file order, pairwise disjoint
  std::vector<Note> notes;        ///< of every PT_NOTE, else of every SHT_NOTE section; in file order
};

/// Reads headers, program headers and notes only, and of sections what the notes need. "Not mine" without the
/// ELF magic.
[[nodiscard]] Parsed<ElfFile> read_elf(Bytes file);

}  // namespace pvh::image
