// The guests' files: the probes as built, and the probe with other notes around it.
#include <elf.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "cases.hpp"
#include "pvh/base/bytes.hpp"

extern "C" const std::byte pvh_probe64[], pvh_probe64_end[], pvh_probe32[], pvh_probe32_end[];

namespace pvh::runners {
namespace {

constexpr std::uint32_t kEntryNote = 18;
constexpr std::uint32_t kPropertyNote = 5;
constexpr std::uint32_t kBuildIdNote = 3;
constexpr std::uint32_t kStopAddress = 0x100000;

Bytes probe64() {
  return {pvh_probe64, pvh_probe64_end};
}

/// Notes as they lie in a segment.
class Notes {
 public:
  Notes& add(std::string_view owner, std::uint32_t type, Bytes description) {
    append_le(bytes_, static_cast<std::uint32_t>(owner.size() + 1));
    append_le(bytes_, static_cast<std::uint32_t>(description.size()));
    append_le(bytes_, type);
    append(as_bytes(owner));
    bytes_.push_back(std::byte{0});
    pad();
    append(description);
    pad();
    return *this;
  }
  Notes& entry(std::string_view owner, std::uint32_t address) {
    std::vector<std::byte> description;
    append_le(description, address);
    return add(owner, kEntryNote, description);
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  void append(Bytes bytes) {
    for (const std::byte byte : bytes) bytes_.push_back(byte);
  }
  void pad() {
    while (bytes_.size() % 4 != 0) bytes_.push_back(std::byte{0});
  }
  std::vector<std::byte> bytes_;
};

struct NoteSegment {
  Notes notes;
  std::uint64_t align = 4;
};

template <class T>
T read(Bytes bytes, std::uint64_t offset) {
  T out{};
  if (const auto piece = slice(bytes, offset, sizeof(T))) std::memcpy(&out, piece->data(), sizeof(T));
  return out;
}

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const Bytes bytes = std::as_bytes(std::span(&value, 1));
  for (const std::byte byte : bytes) out.push_back(byte);
}

/// `elf`, ours and 64-bit, with these note segments in place of its own, which are put behind all else.
std::vector<std::byte> with_notes(Bytes elf, const std::vector<NoteSegment>& segments) {
  auto header = read<Elf64_Ehdr>(elf, 0);
  std::vector<Elf64_Phdr> table;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(elf, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD) table.push_back(segment);
  }
  std::vector<std::byte> out(elf.begin(), elf.end());
  for (const NoteSegment& segment : segments) {
    while (out.size() % 8 != 0) out.push_back(std::byte{0});
    const std::vector<std::byte>& bytes = segment.notes.bytes();
    table.push_back({.p_type = PT_NOTE,
                     .p_flags = PF_R,
                     .p_offset = out.size(),
                     .p_vaddr = 0,
                     .p_paddr = 0,
                     .p_filesz = bytes.size(),
                     .p_memsz = bytes.size(),
                     .p_align = segment.align});
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  while (out.size() % 8 != 0) out.push_back(std::byte{0});
  header.e_phoff = out.size();
  header.e_phnum = static_cast<Elf64_Half>(table.size());
  for (const Elf64_Phdr& segment : table) append(out, segment);
  // Some producers look for sections first.
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shstrndx = 0;
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

/// The address in our own probe's 8-byte entry note.
std::uint32_t entry_of(Bytes elf) {
  const auto header = read<Elf64_Ehdr>(elf, 0);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(elf, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_NOTE) continue;
    for (std::uint64_t at = segment.p_offset; at + 24 <= segment.p_offset + segment.p_filesz; at += 4) {
      if (read<std::uint32_t>(elf, at) == 4 && read<std::uint32_t>(elf, at + 8) == kEntryNote &&
          read<std::uint32_t>(elf, at + 12) == 0x006e6558)
        return read<std::uint32_t>(elf, at + 16);
    }
  }
  return 0;
}

/// What GNU linkers add, of a size that 4 divides and 8 does not.
Notes& add_build_id(Notes& notes) {
  static constexpr std::array<std::byte, 20> kId{};
  return notes.add("GNU", kBuildIdNote, kId);
}

/// `elf`, whose one loadable segment takes `size` bytes of memory.
std::vector<std::byte> with_size(Bytes elf, std::uint64_t size) {
  std::vector<std::byte> out(elf.begin(), elf.end());
  const auto header = read<Elf64_Ehdr>(elf, 0);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const std::uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (read<Elf64_Phdr>(elf, at).p_type == PT_LOAD)
      std::memcpy(out.data() + at + offsetof(Elf64_Phdr, p_memsz), &size, sizeof size);
  }
  return out;
}

std::vector<std::byte> stops() {
  static constexpr std::array<std::byte, 4> kUndefined{std::byte{0x0f}, std::byte{0x0b}, std::byte{0xf4},
                                                       std::byte{0xf4}};
  Notes notes;
  notes.entry("Xen", kStopAddress);
  constexpr std::uint64_t kCodeAt = 0x1000;
  const std::uint64_t notes_at = kCodeAt + kUndefined.size();
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_entry = kStopAddress;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  std::vector<std::byte> out;
  append(out, header);
  append(out, Elf64_Phdr{PT_LOAD, PF_R | PF_W | PF_X, kCodeAt, kStopAddress, kStopAddress, kUndefined.size(),
                         kPageSize, kPageSize});
  append(out, Elf64_Phdr{PT_NOTE, PF_R, notes_at, 0, 0, notes.bytes().size(), notes.bytes().size(), 4});
  out.resize(kCodeAt);
  for (const std::byte byte : kUndefined) out.push_back(byte);
  for (const std::byte byte : notes.bytes()) out.push_back(byte);
  return out;
}

}  // namespace

std::vector<std::byte> guest_file(Guest guest) {
  const Bytes elf = probe64();
  const std::uint32_t entry = entry_of(elf);
  Notes ours;
  ours.entry("Xen", entry);
  switch (guest) {
    case Guest::kProbe:
      return {elf.begin(), elf.end()};
    case Guest::kProbe32:
      return {pvh_probe32, pvh_probe32_end};
    case Guest::kForeignNote: {
      // At the beginning of its image the probe has a trap.
      Notes notes;
      notes.entry("Not", kStopAddress).entry("Xen", entry);
      return with_notes(elf, {{notes}});
    }
    case Guest::kShortNote:
      return with_notes(elf, {{ours}});
    case Guest::kAlignedNotes: {
      static constexpr std::array<std::byte, 16> kProperty{};
      Notes notes;
      notes.add("GNU", kPropertyNote, kProperty);
      add_build_id(notes).entry("Xen", entry);
      return with_notes(elf, {{notes, 8}});
    }
    case Guest::kTwoSegments: {
      Notes other;
      add_build_id(other);
      return with_notes(elf, {{ours}, {other}});
    }
    case Guest::kNoEntry: {
      std::vector<std::byte> out(elf.begin(), elf.end());
      std::memset(out.data() + offsetof(Elf64_Ehdr, e_entry), 0, sizeof(Elf64_Addr));
      return out;
    }
    case Guest::kLargeBss:
      return with_size(elf, kLargeBssSize);
    case Guest::kStops:
      return stops();
  }
  return {};
}

}  // namespace pvh::runners
