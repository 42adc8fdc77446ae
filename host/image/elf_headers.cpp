#include "elf_headers.hpp"

#include <algorithm>
#include <utility>

#include "elf_notes.hpp"

namespace pvh::image {
namespace {

constexpr std::uint64_t kIdentSize = 16;
constexpr std::uint64_t kEiClass = 4;
constexpr std::uint64_t kEiData = 5;
constexpr std::uint64_t kEiVersion = 6;
constexpr std::uint64_t kTypeOffset = 16;
constexpr std::uint64_t kMachineOffset = 18;

constexpr std::uint16_t kEm386 = 3;
constexpr std::uint16_t kEmX86_64 = 62;
constexpr std::uint16_t kEtExec = 2;
constexpr std::uint16_t kEtDyn = 3;
constexpr std::uint16_t kPnXnum = 0xffff;
constexpr std::uint32_t kShtNote = 7;

/// Where a field lies: its offset in the 32-bit and in the 64-bit form.
struct Field {
  std::uint8_t in32;
  std::uint8_t in64;
};

constexpr Field kHeaderSize{52, 64};
constexpr Field kEntry{24, 24};
constexpr Field kPhoff{28, 32};
constexpr Field kShoff{32, 40};
constexpr Field kPhentsize{42, 54};
constexpr Field kPhnum{44, 56};
constexpr Field kShentsize{46, 58};
constexpr Field kShnum{48, 60};

constexpr Field kProgramHeaderSize{32, 56};
constexpr Field kPType{0, 0};
constexpr Field kPFlags{24, 4};
constexpr Field kPOffset{4, 8};
constexpr Field kPPaddr{12, 24};
constexpr Field kPFilesz{16, 32};
constexpr Field kPMemsz{20, 40};
constexpr Field kPAlign{28, 48};

constexpr Field kSectionHeaderSize{40, 64};
constexpr Field kShType{4, 4};
constexpr Field kShOffset{16, 24};
constexpr Field kShSize{20, 32};
constexpr Field kShAddralign{32, 48};

constexpr std::uint64_t pick(Field field, ElfClass elf_class) {
  return elf_class == ElfClass::k32 ? field.in32 : field.in64;
}

/// One structure, all of whose bytes are there: so no field of it can be absent.
class Fields {
 public:
  Fields(Bytes structure, ElfClass elf_class) : structure_(structure), elf_class_(elf_class) {}

  [[nodiscard]] std::uint16_t half(Field field) const { return read<std::uint16_t>(field); }
  [[nodiscard]] std::uint32_t word(Field field) const { return read<std::uint32_t>(field); }
  /// 4 bytes in the 32-bit form, 8 in the 64-bit one.
  [[nodiscard]] std::uint64_t wide(Field field) const {
    return elf_class_ == ElfClass::k32 ? read<std::uint32_t>(field) : read<std::uint64_t>(field);
  }

 private:
  template <class T>
  [[nodiscard]] T read(Field field) const {
    return read_le<T>(structure_, pick(field, elf_class_)).value_or(0);
  }

  Bytes structure_;
  ElfClass elf_class_;
};

std::uint8_t byte_at(Bytes bytes, std::uint64_t offset) {
  return std::to_integer<std::uint8_t>(bytes[offset]);
}

std::string machine_text(std::uint16_t machine) {
  static constexpr std::pair<std::uint16_t, std::string_view> kNames[] = {
      {8, "MIPS"},   {20, "PowerPC"},  {21, "64-bit PowerPC"}, {22, "S390"},       {40, "ARM"},
      {50, "IA-64"}, {183, "AArch64"}, {243, "RISC-V"},        {258, "LoongArch"},
  };
  const auto* const known =
      std::ranges::find(kNames, machine, &std::pair<std::uint16_t, std::string_view>::first);
  if (known == std::end(kNames)) return std::to_string(machine);
  return std::to_string(machine) + " (" + std::string(known->second) + ")";
}

std::string type_text(std::uint16_t type) {
  switch (type) {
    case 0:
      return "0 (none)";
    case 1:
      return "1 (an object file that is not linked)";
    case 4:
      return "4 (a core dump)";
    default:
      return std::to_string(type);
  }
}

Result<ElfClass> read_ident(Bytes file) {
  const std::uint8_t elf_class = byte_at(file, kEiClass);
  if (elf_class != 1 && elf_class != 2) {
    return std::unexpected(Error{.what = Fault::kElfClass,
                                 .clause = Clause::kNote5,
                                 .where = kEiClass,
                                 .found = std::uint64_t{elf_class},
                                 .wanted = "1 (32-bit) or 2 (64-bit)"});
  }
  const std::uint8_t data = byte_at(file, kEiData);
  if (data != 1) {
    return std::unexpected(Error{.what = data == 2 ? Fault::kElfBigEndian : Fault::kElfData,
                                 .clause = Clause::kNote5,
                                 .where = kEiData,
                                 .found = std::uint64_t{data},
                                 .wanted = "1 (little-endian)"});
  }
  const std::uint8_t version = byte_at(file, kEiVersion);
  if (version != 1) {
    return std::unexpected(Error{.what = Fault::kElfVersion,
                                 .clause = Clause::kNote5,
                                 .where = kEiVersion,
                                 .found = std::uint64_t{version},
                                 .wanted = std::uint64_t{1}});
  }
  return elf_class == 1 ? ElfClass::k32 : ElfClass::k64;
}

Result<Machine> read_machine(std::uint16_t machine, ElfClass elf_class) {
  static constexpr std::string_view kWanted = "EM_386 in ELF32 or EM_X86_64 in ELF64";
  if (machine != kEm386 && machine != kEmX86_64) {
    return std::unexpected(Error{.what = Fault::kElfMachine,
                                 .clause = Clause::kNote5,
                                 .where = kMachineOffset,
                                 .found = machine_text(machine),
                                 .wanted = std::string(kWanted)});
  }
  if ((machine == kEm386) != (elf_class == ElfClass::k32)) {
    return std::unexpected(Error{.what = Fault::kElfMachineClass,
                                 .clause = Clause::kNote5,
                                 .where = kMachineOffset,
                                 .found = machine == kEm386 ? "ELF64 with EM_386" : "ELF32 with EM_X86_64",
                                 .wanted = std::string(kWanted)});
  }
  return machine == kEm386 ? Machine::k386 : Machine::kX86_64;
}

Result<void> check_entry_size(std::string_view field, std::uint64_t where, std::uint64_t found,
                              std::uint64_t wanted) {
  if (found == wanted) return {};
  return std::unexpected(Error{.what = Fault::kElfEntrySize,
                               .clause = Clause::kNote5,
                               .subject = std::string(field),
                               .where = where,
                               .found = found,
                               .wanted = wanted});
}

/// e_shnum, or where it is 0 the count that then stands in the first section's sh_size.
Result<std::uint64_t> section_count(Bytes file, const FileHeader& header) {
  if (header.e_shnum != 0) return header.e_shnum;
  const auto first =
      bytes_of(file, header.e_shoff, pick(kSectionHeaderSize, header.elf_class), "the first section header");
  if (!first) return std::unexpected(first.error());
  return Fields(*first, header.elf_class).wide(kShSize);
}

}  // namespace

Result<Bytes> bytes_of(Bytes file, std::uint64_t offset, std::uint64_t size, std::string_view subject) {
  if (const auto piece = slice(file, offset, size)) return *piece;
  const std::uint64_t present = offset < file.size() ? file.size() - offset : 0;
  return std::unexpected(Error{.what = Fault::kElfTruncated,
                               .clause = Clause::kNote5,
                               .subject = std::string(subject),
                               .where = offset,
                               .found = Size{present},
                               .wanted = Size{size}});
}

Parsed<FileHeader> read_file_header(Bytes file) {
  static constexpr std::string_view kMagic =
      "\x7f"
      "ELF";
  const auto magic = slice(file, 0, kMagic.size());
  if (!magic || as_text(*magic) != kMagic) return std::nullopt;

  if (const auto ident = bytes_of(file, 0, kIdentSize, "the ELF header"); !ident)
    return std::unexpected(ident.error());
  const auto elf_class = read_ident(file);
  if (!elf_class) return std::unexpected(elf_class.error());

  const auto bytes = bytes_of(file, 0, pick(kHeaderSize, *elf_class), "the ELF header");
  if (!bytes) return std::unexpected(bytes.error());
  const Fields fields(*bytes, *elf_class);

  const auto machine = read_machine(fields.half({kMachineOffset, kMachineOffset}), *elf_class);
  if (!machine) return std::unexpected(machine.error());

  // A position-independent executable is loaded at p_paddr like any other (NOTE-5).
  const std::uint16_t type = fields.half({kTypeOffset, kTypeOffset});
  if (type != kEtExec && type != kEtDyn) {
    return std::unexpected(Error{.what = Fault::kElfType,
                                 .clause = Clause::kNote5,
                                 .where = kTypeOffset,
                                 .found = type_text(type),
                                 .wanted = "2 (executable) or 3 (position-independent)"});
  }

  return FileHeader{.elf_class = *elf_class,
                    .machine = *machine,
                    .e_entry = fields.wide(kEntry),
                    .e_phoff = fields.wide(kPhoff),
                    .e_shoff = fields.wide(kShoff),
                    .e_phentsize = fields.half(kPhentsize),
                    .e_phnum = fields.half(kPhnum),
                    .e_shentsize = fields.half(kShentsize),
                    .e_shnum = fields.half(kShnum)};
}

Result<std::vector<ProgramHeader>> read_program_headers(Bytes file, const FileHeader& header) {
  const ElfClass elf_class = header.elf_class;
  const std::uint64_t entry_size = pick(kProgramHeaderSize, elf_class);
  if (header.e_phnum == 0) return {};
  // PN_XNUM moves a count of 65,535 and more into the section table. No kernel has so many, and the bound
  // keeps what a hostile file can cost small.
  if (header.e_phnum == kPnXnum) {
    return std::unexpected(Error{.what = Fault::kElfTooManyHeaders,
                                 .clause = Clause::kNote5,
                                 .where = pick(kPhnum, elf_class),
                                 .wanted = std::uint64_t{kPnXnum - 1}});
  }
  if (const auto size =
          check_entry_size("e_phentsize", pick(kPhentsize, elf_class), header.e_phentsize, entry_size);
      !size)
    return std::unexpected(size.error());

  const auto table = bytes_of(file, header.e_phoff, header.e_phnum * entry_size, "the program header table");
  if (!table) return std::unexpected(table.error());

  std::vector<ProgramHeader> headers;
  headers.reserve(header.e_phnum);
  for (std::uint64_t index = 0; index < header.e_phnum; ++index) {
    const Fields fields(table->subspan(index * entry_size, entry_size), elf_class);
    headers.push_back({.type = fields.word(kPType),
                       .flags = fields.word(kPFlags),
                       .offset = fields.wide(kPOffset),
                       .paddr = fields.wide(kPPaddr),
                       .file_size = fields.wide(kPFilesz),
                       .memory_size = fields.wide(kPMemsz),
                       .alignment = fields.wide(kPAlign),
                       .index = index,
                       .header_offset = header.e_phoff + index * entry_size});
  }
  return headers;
}

Result<std::vector<SectionHeader>> read_note_sections(Bytes file, const FileHeader& header) {
  const ElfClass elf_class = header.elf_class;
  const std::uint64_t entry_size = pick(kSectionHeaderSize, elf_class);
  if (header.e_shoff == 0) return {};
  if (const auto size =
          check_entry_size("e_shentsize", pick(kShentsize, elf_class), header.e_shentsize, entry_size);
      !size)
    return std::unexpected(size.error());

  const auto count = section_count(file, header);
  if (!count) return std::unexpected(count.error());
  // A count that does not fit the file is refused before it is multiplied.
  const std::uint64_t table_size = *count > file.size() ? UINT64_MAX : *count * entry_size;
  const auto table = bytes_of(file, header.e_shoff, table_size, "the section header table");
  if (!table) return std::unexpected(table.error());

  std::vector<SectionHeader> sections;
  for (std::uint64_t index = 0; index < *count; ++index) {
    const Fields fields(table->subspan(index * entry_size, entry_size), elf_class);
    if (fields.word(kShType) != kShtNote) continue;
    if (sections.size() == kMostNotes) {
      return std::unexpected(Error{.what = Fault::kTooManyNotes,
                                   .clause = Clause::kNote4,
                                   .subject = "the section header table",
                                   .where = header.e_shoff + index * entry_size,
                                   .wanted = kMostNotes});
    }
    sections.push_back({.offset = fields.wide(kShOffset),
                        .size = fields.wide(kShSize),
                        .alignment = fields.wide(kShAddralign),
                        .index = index,
                        .header_offset = header.e_shoff + index * entry_size});
  }
  return sections;
}

}  // namespace pvh::image
