// Builds ELF images in memory for tests, sound ones and others: what a builder is told is written down as it
// is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/image/elf.hpp"

namespace pvh::image_testing {

using Octets = std::vector<std::byte>;
using image::ElfClass;

/// `count` bytes of one value; 0xf4 is x86's hlt.
[[nodiscard]] inline Octets filled(std::size_t count, std::uint8_t value = 0xf4) {
  return Octets(count, std::byte{value});
}

/// Integers one after another, little-endian: `le<std::uint32_t>({1, 2})`.
template <class T>
[[nodiscard]] Octets le(std::initializer_list<T> values) {
  Octets out;
  for (const T value : values) append_le(out, value);
  return out;
}
[[nodiscard]] inline Octets u32(std::uint32_t value) {
  return le<std::uint32_t>({value});
}
[[nodiscard]] inline Octets u64(std::uint64_t value) {
  return le<std::uint64_t>({value});
}

/// Overwrites the integer at `offset`, which must lie in `image`.
template <class T>
void put(Octets& image, std::uint64_t offset, T value) {
  const Octets bytes = le<T>({value});
  std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// A note, with whatever is wrong with it.
struct NoteSpec {
  std::string owner;  ///< without its NUL
  std::uint32_t type = 0;
  Octets desc = {};
  std::uint64_t padding = 4;  ///< of name and descriptor
  bool terminated = true;     ///< namesz counts a NUL
  std::optional<std::uint32_t> claimed_name_size = {};
  std::optional<std::uint32_t> claimed_desc_size = {};
};

[[nodiscard]] inline Octets encode(const NoteSpec& note) {
  const auto pad = [&note](Octets& out) {
    out.resize((out.size() + note.padding - 1) / note.padding * note.padding);
  };
  std::string name = note.owner;
  if (note.terminated) name.push_back('\0');
  Octets out;
  append_le(out, note.claimed_name_size.value_or(static_cast<std::uint32_t>(name.size())));
  append_le(out, note.claimed_desc_size.value_or(static_cast<std::uint32_t>(note.desc.size())));
  append_le(out, note.type);
  const Bytes name_bytes = as_bytes(name);
  out.insert(out.end(), name_bytes.begin(), name_bytes.end());
  pad(out);
  out.insert(out.end(), note.desc.begin(), note.desc.end());
  pad(out);
  return out;
}

[[nodiscard]] inline Octets encode(const std::vector<NoteSpec>& notes) {
  Octets out;
  for (const NoteSpec& note : notes) {
    const Octets bytes = encode(note);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

[[nodiscard]] inline NoteSpec entry_note(std::uint32_t entry) {
  return {"Xen", 18, u32(entry)};
}
[[nodiscard]] inline NoteSpec relocation_note(std::initializer_list<std::uint32_t> values) {
  return {"Xen", 19, le<std::uint32_t>(values)};
}
/// What toolchains emit, 8-aligned: x86 features, a descriptor of `desc_size` bytes.
[[nodiscard]] inline NoteSpec property_note(std::size_t desc_size = 0x20) {
  return {"GNU", 5, filled(desc_size, 0xc0), 8};
}

struct SegmentSpec {
  std::uint32_t type = 1;  ///< PT_LOAD; PT_NOTE is 4
  std::uint32_t flags = 7;
  std::uint64_t paddr = 0;
  Octets bytes = {};
  std::optional<std::uint64_t> memory_size = {};  ///< as long as `bytes`
  std::uint64_t alignment = 0x1000;
  std::optional<std::uint64_t> claimed_offset = {};
  std::optional<std::uint64_t> claimed_file_size = {};
};

struct SectionSpec {
  std::uint32_t type = 7;  ///< SHT_NOTE
  Octets bytes = {};
  std::uint64_t alignment = 4;
};

/// The file is: ELF header, program headers, the segments' and the sections' bytes (each at a multiple of
/// 16), section headers (the first is the null section).
class ElfBuilder {
 public:
  explicit ElfBuilder(ElfClass elf_class = ElfClass::k64) : elf_class_(elf_class) {}

  /// One page of code at 1 MiB, and a note that names its start.
  [[nodiscard]] static ElfBuilder bootable(ElfClass elf_class = ElfClass::k64) {
    ElfBuilder builder(elf_class);
    builder.load(0x100000, filled(0x1000)).notes({entry_note(0x100000)});
    return builder;
  }

  ElfBuilder& segment(SegmentSpec spec) {
    segments_.push_back(std::move(spec));
    return *this;
  }
  /// A PT_LOAD of `bytes` at `paddr`, zeros behind them up to `memory_size`.
  ElfBuilder& load(std::uint64_t paddr, Octets bytes, std::optional<std::uint64_t> memory_size = {}) {
    return segment({.paddr = paddr, .bytes = std::move(bytes), .memory_size = memory_size});
  }
  /// A PT_NOTE that claims `alignment`.
  ElfBuilder& notes(const std::vector<NoteSpec>& notes, std::uint64_t alignment = 4) {
    return note_bytes(encode(notes), alignment);
  }
  ElfBuilder& note_bytes(Octets bytes, std::uint64_t alignment = 4) {
    return segment({.type = 4, .flags = 4, .bytes = std::move(bytes), .alignment = alignment});
  }
  ElfBuilder& section(SectionSpec spec) {
    sections_.push_back(std::move(spec));
    return *this;
  }
  ElfBuilder& e_entry(std::uint64_t value) {
    e_entry_ = value;
    return *this;
  }
  ElfBuilder& e_type(std::uint16_t value) {
    e_type_ = value;
    return *this;
  }

  [[nodiscard]] Octets build() const {
    const std::uint64_t table_end = header_size() + segments_.size() * program_header_size();
    Octets contents;
    const auto place = [&contents, table_end](const Octets& bytes) {
      contents.resize((table_end + contents.size() + 15) / 16 * 16 - table_end);
      const std::uint64_t offset = table_end + contents.size();
      contents.insert(contents.end(), bytes.begin(), bytes.end());
      return offset;
    };
    Octets program_headers;
    for (const SegmentSpec& spec : segments_) append_program_header(program_headers, spec, place(spec.bytes));
    Octets section_headers(sections_.empty() ? 0 : section_header_size());
    for (const SectionSpec& spec : sections_) append_section_header(section_headers, spec, place(spec.bytes));
    const std::uint64_t section_table = sections_.empty() ? 0 : place({});

    Octets out = file_header(section_table);
    for (const Octets* part : {&program_headers, &contents, &section_headers})
      out.insert(out.end(), part->begin(), part->end());
    return out;
  }

  /// Where program header `index` lies in what `build` gives.
  [[nodiscard]] std::uint64_t program_header(std::uint64_t index) const {
    return header_size() + index * program_header_size();
  }
  [[nodiscard]] std::uint64_t header_size() const { return is64() ? 64 : 52; }
  [[nodiscard]] std::uint64_t program_header_size() const { return is64() ? 56 : 32; }
  [[nodiscard]] std::uint64_t section_header_size() const { return is64() ? 64 : 40; }

 private:
  [[nodiscard]] bool is64() const { return elf_class_ == ElfClass::k64; }

  void append_wide(Octets& out, std::uint64_t value) const {
    if (is64()) return append_le(out, value);
    append_le(out, static_cast<std::uint32_t>(value));
  }

  [[nodiscard]] Octets file_header(std::uint64_t section_table) const {
    Octets out = le<std::uint8_t>({0x7f, 'E', 'L', 'F', static_cast<std::uint8_t>(is64() ? 2 : 1), 1, 1});
    out.resize(16);
    append_le(out, e_type_);
    append_le(out, static_cast<std::uint16_t>(is64() ? 62 : 3));
    append_le(out, std::uint32_t{1});
    append_wide(out, e_entry_);
    append_wide(out, segments_.empty() ? 0 : header_size());
    append_wide(out, section_table);
    append_le(out, std::uint32_t{0});  // e_flags
    const std::uint64_t section_count = sections_.empty() ? 0 : sections_.size() + 1;
    for (const std::uint64_t value : {header_size(), program_header_size(), std::uint64_t{segments_.size()},
                                      section_header_size(), section_count, std::uint64_t{0}})
      append_le(out, static_cast<std::uint16_t>(value));
    return out;
  }

  void append_program_header(Octets& out, const SegmentSpec& spec, std::uint64_t offset) const {
    append_le(out, spec.type);
    if (is64()) append_le(out, spec.flags);
    append_wide(out, spec.claimed_offset.value_or(offset));
    append_wide(out, spec.paddr);  // p_vaddr
    append_wide(out, spec.paddr);
    append_wide(out, spec.claimed_file_size.value_or(spec.bytes.size()));
    append_wide(out, spec.memory_size.value_or(spec.bytes.size()));
    if (!is64()) append_le(out, spec.flags);
    append_wide(out, spec.alignment);
  }

  void append_section_header(Octets& out, const SectionSpec& spec, std::uint64_t offset) const {
    append_le(out, std::uint32_t{0});  // sh_name
    append_le(out, spec.type);
    append_wide(out, 2);  // sh_flags: SHF_ALLOC
    append_wide(out, 0);  // sh_addr
    append_wide(out, offset);
    append_wide(out, spec.bytes.size());
    append_le(out, std::uint32_t{0});  // sh_link
    append_le(out, std::uint32_t{0});  // sh_info
    append_wide(out, spec.alignment);
    append_wide(out, 0);  // sh_entsize
  }

  ElfClass elf_class_;
  std::uint16_t e_type_ = 2;
  std::uint64_t e_entry_ = 0;
  std::vector<SegmentSpec> segments_;
  std::vector<SectionSpec> sections_;
};

}  // namespace pvh::image_testing
