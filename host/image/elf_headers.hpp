// The headers of an ELF file, checked and widened: the 32-bit form ends here (NOTE-5). Private to image/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"
#include "pvh/image/elf.hpp"

namespace pvh::image {

struct FileHeader {
  ElfClass elf_class;
  Machine machine;
  std::uint64_t e_entry;
  std::uint64_t e_phoff;
  std::uint64_t e_shoff;
  std::uint16_t e_phentsize;
  std::uint16_t e_phnum;
  std::uint16_t e_shentsize;
  std::uint16_t e_shnum;
};

struct ProgramHeader {
  std::uint32_t type;
  std::uint32_t flags;
  std::uint64_t offset;
  std::uint64_t paddr;
  std::uint64_t file_size;
  std::uint64_t memory_size;
  std::uint64_t alignment;
  std::uint64_t index;          ///< as `readelf -l` counts, from 0
  std::uint64_t header_offset;  ///< of this header in the file
};

struct SectionHeader {
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t alignment;
  std::uint64_t index;
  std::uint64_t header_offset;
};

inline constexpr std::uint32_t kPtLoad = 1;
inline constexpr std::uint32_t kPtNote = 4;

/// "Not mine" without the magic.
[[nodiscard]] Parsed<FileHeader> read_file_header(Bytes file);

/// All of them, in their order. What they point to is not looked at.
[[nodiscard]] Result<std::vector<ProgramHeader>> read_program_headers(Bytes file, const FileHeader& header);

/// The headers of the SHT_NOTE sections only. A file without a section table has none.
[[nodiscard]] Result<std::vector<SectionHeader>> read_note_sections(Bytes file, const FileHeader& header);

/// `size` bytes of `file` from `offset`, or an error that says how much of `subject` the file has.
[[nodiscard]] Result<Bytes> bytes_of(Bytes file, std::uint64_t offset, std::uint64_t size,
                                     std::string_view subject);

}  // namespace pvh::image
