// The guests' files: the probes as built, and the probe with other notes around it.
#include <elf.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "cases.hpp"
#include "pvh/base/bytes.hpp"
#include "raw.hpp"

extern "C" const std::byte pvh_probe64[], pvh_probe64_end[], pvh_probe32[], pvh_probe32_end[];

namespace pvh::runners {
namespace {

constexpr std::uint32_t kEntryNote = 18;
constexpr std::uint32_t kPropertyNote = 5;
constexpr std::uint32_t kBuildIdNote = 3;
constexpr std::uint32_t kRelocationNote = 19;
constexpr std::uint32_t kStopAddress = 0x100000;
// guest/kernels/probe/: where the probe is linked, and where it comes up by a wrong entry.
constexpr std::uint32_t kProbeAddress = 0x100000;
constexpr std::uint32_t kForeignEntry = kProbeAddress + 8;
constexpr conform::RelocationGiven kProbeRelocation{
    .alignment = 0x1000, .lowest = 0x100000, .highest = 0xffffffff};
constexpr std::uint32_t kFarAddress = 0x40000000;
constexpr std::uint32_t kOutside = 0x4000000;  // RAM in which nothing lies

Bytes probe64() {
  return {pvh_probe64, pvh_probe64_end};
}
Bytes probe32() {
  return {pvh_probe32, pvh_probe32_end};
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
  Notes& words(std::string_view owner, std::uint32_t type, std::initializer_list<std::uint32_t> words) {
    std::vector<std::byte> description;
    for (const std::uint32_t word : words) append_le(description, word);
    return add(owner, type, description);
  }
  /// In 8 bytes, as 64-bit kernels have it: what is about 4 bytes is a case of its own.
  Notes& entry(std::string_view owner, std::uint32_t address) {
    return words(owner, kEntryNote, {address, 0});
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
void append(std::vector<std::byte>& out, const T& value) {
  const Bytes bytes = std::as_bytes(std::span(&value, 1));
  for (const std::byte byte : bytes) out.push_back(byte);
}

/// Puts `value` over what lies there.
template <class T>
void replace(std::vector<std::byte>& bytes, std::uint64_t offset, const T& value) {
  for (const std::byte byte : std::as_bytes(std::span(&value, 1))) bytes.at(offset++) = byte;
}

/// `elf`, ours and 64-bit, without its notes, and a way to put others behind all else.
class Rebuilt {
 public:
  explicit Rebuilt(Bytes elf) : bytes_(elf.begin(), elf.end()), header_(read<Elf64_Ehdr>(elf, 0)) {
    for (unsigned i = 0; i < header_.e_phnum; ++i) {
      const auto segment = read<Elf64_Phdr>(elf, header_.e_phoff + i * sizeof(Elf64_Phdr));
      if (segment.p_type == PT_LOAD) segments_.push_back(segment);
    }
  }

  void add_segment(const NoteSegment& segment) {
    const std::uint64_t at = add_bytes(segment.notes.bytes());
    const std::uint64_t size = segment.notes.bytes().size();
    segments_.push_back({.p_type = PT_NOTE,
                         .p_flags = PF_R,
                         .p_offset = at,
                         .p_vaddr = 0,
                         .p_paddr = 0,
                         .p_filesz = size,
                         .p_memsz = size,
                         .p_align = segment.align});
  }
  void add_section(const Notes& notes) {
    const std::uint64_t at = add_bytes(notes.bytes());
    Elf64_Shdr section{};
    section.sh_type = SHT_NOTE;
    section.sh_offset = at;
    section.sh_size = notes.bytes().size();
    section.sh_addralign = 4;
    section_ = section;
  }
  /// The loaded segments lie so much higher.
  void move_by(std::uint64_t distance) {
    for (Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_LOAD) segment.p_paddr += distance;
  }

  std::vector<std::byte> finish() && {
    header_.e_phoff = add_bytes(std::as_bytes(std::span(segments_)));
    header_.e_phnum = static_cast<Elf64_Half>(segments_.size());
    // Some producers look for sections first: there are none but those that were added.
    header_.e_shoff = 0;
    header_.e_shnum = 0;
    header_.e_shstrndx = 0;
    if (section_) {
      // The first of a file's sections is never one.
      const std::array<Elf64_Shdr, 2> table{Elf64_Shdr{}, *section_};
      header_.e_shoff = add_bytes(std::as_bytes(std::span(table)));
      header_.e_shnum = table.size();
      header_.e_shentsize = sizeof(Elf64_Shdr);
    }
    replace(bytes_, 0, header_);
    return std::move(bytes_);
  }

 private:
  std::uint64_t add_bytes(Bytes bytes) {
    while (bytes_.size() % 8 != 0) bytes_.push_back(std::byte{0});
    const std::uint64_t at = bytes_.size();
    for (const std::byte byte : bytes) bytes_.push_back(byte);
    return at;
  }
  std::vector<std::byte> bytes_;
  Elf64_Ehdr header_;
  std::vector<Elf64_Phdr> segments_;
  std::optional<Elf64_Shdr> section_;
};

std::vector<std::byte> with_notes(Bytes elf, const std::vector<NoteSegment>& segments) {
  Rebuilt out(elf);
  for (const NoteSegment& segment : segments) out.add_segment(segment);
  return std::move(out).finish();
}

/// Linked at kFarAddress, with `notes`, whose entry is there too.
std::vector<std::byte> far_away(Bytes elf, const Notes& notes) {
  Rebuilt out(elf);
  out.move_by(kFarAddress - kProbeAddress);
  out.add_segment({notes});
  return std::move(out).finish();
}

std::vector<std::byte> with_machine(Bytes elf, Elf64_Half machine) {
  std::vector<std::byte> out(elf.begin(), elf.end());
  // At the same place in both classes.
  static_assert(offsetof(Elf64_Ehdr, e_machine) == offsetof(Elf32_Ehdr, e_machine));
  replace(out, offsetof(Elf64_Ehdr, e_machine), machine);
  return out;
}

/// The address in a probe's own entry note, whose place in the file is all the same.
std::uint32_t entry_of(Bytes elf) {
  constexpr std::uint32_t kXen = 0x006e6558;
  for (std::uint64_t at = 0; at + 20 <= elf.size(); at += 4) {
    if (read<std::uint32_t>(elf, at) == 4 && read<std::uint32_t>(elf, at + 8) == kEntryNote &&
        read<std::uint32_t>(elf, at + 12) == kXen)
      return read<std::uint32_t>(elf, at + 16);
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
    if (read<Elf64_Phdr>(elf, at).p_type == PT_LOAD) replace(out, at + offsetof(Elf64_Phdr, p_memsz), size);
  }
  return out;
}

/// Whether its file still has the probe's note 19, or one of its own.
bool has_note_19(Guest guest) {
  return guest == Guest::kProbe || guest == Guest::kNoEntry || guest == Guest::kLargeBss ||
         guest == Guest::kFarMovable || guest == Guest::kWrongMachine64;
}

std::uint64_t linked_at(Guest guest) {
  return guest == Guest::kFarMovable || guest == Guest::kFarFixed ? kFarAddress : kProbeAddress;
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

std::vector<std::byte> file_of(Guest guest) {
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
      Notes notes;
      notes.entry("Not", kForeignEntry).entry("Xen", entry);
      return with_notes(elf, {{notes}});
    }
    case Guest::kShortNote: {
      Notes notes;
      notes.words("Xen", kEntryNote, {entry});
      return with_notes(elf, {{notes}});
    }
    case Guest::kLongNote: {
      Notes notes;
      notes.words("Xen", kEntryNote, {entry, 0, 0});
      return with_notes(elf, {{notes}});
    }
    case Guest::kWideValue: {
      Notes notes;
      notes.words("Xen", kEntryNote, {entry, 1});
      return with_notes(elf, {{notes}});
    }
    case Guest::kEntryOutside: {
      Notes notes;
      notes.entry("Xen", kOutside);
      return with_notes(elf, {{notes}});
    }
    case Guest::kAlignedNotes: {
      static constexpr std::array<std::byte, 16> kProperty{};
      Notes notes;
      notes.add("GNU", kPropertyNote, kProperty);
      add_build_id(notes).entry("Xen", entry);
      return with_notes(elf, {{notes, 8}});
    }
    case Guest::kUnalignedNotes:
      return with_notes(elf, {{ours, 0}});
    case Guest::kByteNotes:
      return with_notes(elf, {{ours, 1}});
    case Guest::kTwoSegments: {
      Notes other;
      add_build_id(other);
      return with_notes(elf, {{ours}, {other}});
    }
    case Guest::kSectionNote: {
      Rebuilt out(elf);
      out.add_section(ours);
      return std::move(out).finish();
    }
    case Guest::kDisagreeing: {
      Notes notes;
      notes.entry("Xen", entry).entry("Xen", kForeignEntry);
      return with_notes(elf, {{notes}});
    }
    case Guest::kNoEntry: {
      std::vector<std::byte> out(elf.begin(), elf.end());
      replace(out, offsetof(Elf64_Ehdr, e_entry), Elf64_Addr{0});
      return out;
    }
    case Guest::kWrongMachine64:
      return with_machine(elf, EM_386);
    case Guest::kWrongMachine32:
      return with_machine(probe32(), EM_X86_64);
    case Guest::kFarMovable: {
      Notes notes;
      notes.entry("Xen", entry - kProbeAddress + kFarAddress);
      notes.words("Xen", kRelocationNote,
                  {static_cast<std::uint32_t>(kProbeRelocation.alignment),
                   static_cast<std::uint32_t>(kProbeRelocation.lowest),
                   static_cast<std::uint32_t>(kProbeRelocation.highest)});
      return far_away(elf, notes);
    }
    case Guest::kFarFixed: {
      Notes notes;
      notes.entry("Xen", entry - kProbeAddress + kFarAddress);
      return far_away(elf, notes);
    }
    case Guest::kLargeBss:
      return with_size(elf, kLargeBssSize);
    case Guest::kStops:
      return stops();
  }
  return {};
}

}  // namespace

std::vector<std::byte> guest_file(Guest guest) {
  std::vector<std::byte> out = file_of(guest);
  const bool narrow = guest == Guest::kProbe32 || guest == Guest::kWrongMachine32;
  // The probe is linked at the top of the address space; a producer that starts at e_entry is to find a door
  // there.
  if (!narrow && guest != Guest::kStops && guest != Guest::kNoEntry)
    replace(out, offsetof(Elf64_Ehdr, e_entry), Elf64_Addr{linked_at(guest)});
  return out;
}

void describe(Guest guest, conform::Case& asked) {
  if (guest == Guest::kStops) return;
  // Their notes say what nobody can start at.
  if (guest == Guest::kEntryOutside || guest == Guest::kWideValue) return;
  const bool narrow = guest == Guest::kProbe32 || guest == Guest::kWrongMachine32;
  const std::uint64_t linked = linked_at(guest);
  asked.entry = entry_of(narrow ? probe32() : probe64()) - kProbeAddress + linked;
  if (guest != Guest::kNoEntry) asked.wrong_entries.push_back({linked, Clause::kNote5});
  const std::uint64_t foreign = linked + (kForeignEntry - kProbeAddress);
  if (guest == Guest::kForeignNote) asked.wrong_entries.push_back({foreign, Clause::kNote1});
  if (guest == Guest::kDisagreeing) asked.wrong_entries.push_back({foreign, Clause::kNote4});
  if (has_note_19(guest)) asked.relocation = kProbeRelocation;
}

void correct(Guest guest, conform::Capture& capture) {
  if (!capture.image) return;
  if (guest == Guest::kLargeBss) capture.image->size = kLargeBssSize;
  capture.image->linked = linked_at(guest);
  capture.image->movable = has_note_19(guest);
}

}  // namespace pvh::runners
