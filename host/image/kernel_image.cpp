// Whether an ELF file can be booted by the direct boot contract, and from where: notes 18 and 19.
#include "pvh/image/kernel_image.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace pvh::image {
namespace {

constexpr std::string_view kXen = "Xen";
constexpr std::uint32_t kEntryNote = 18;       // XEN_ELFNOTE_PHYS32_ENTRY
constexpr std::uint32_t kRelocationNote = 19;  // XEN_ELFNOTE_PHYS32_RELOC

constexpr std::string_view kEntryNoteName = "the note that names the entry point";
constexpr std::string_view kRelocationNoteName = "the note of the relocation limits";

constexpr std::uint64_t kHighest32 = kFourGiB - 1;
constexpr std::uint64_t kDefaultAlignment = 2 * kMiB;

/// The owner counts, and so does its NUL: namesz is 4 (NOTE-1).
bool is_xens(const Note& note, std::uint32_t type) {
  return note.type == type && note.terminated && note.owner == kXen;
}

std::string hex(std::uint64_t value) {
  char text[19];
  const int length = std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return {text, static_cast<std::size_t>(length)};
}

/// An owner as an error can show it: a file may call it anything, at any length.
std::string printable(const Note& note) {
  static constexpr std::size_t kMost = 32;
  std::string text = "\"";
  for (const char character : note.owner.substr(0, kMost))
    text += (character >= ' ' && character <= '~') ? character : '?';
  text += note.owner.size() > kMost ? "...\"" : "\"";
  if (!note.terminated) text += " without its NUL";
  return text;
}

Error error_about(Fault fault, Clause clause, std::string_view subject, const Note& note) {
  return {.what = fault, .clause = clause, .subject = std::string(subject), .where = note.offset};
}

/// 4 bytes, or 8 where the kernel's assembler wrote a 64-bit value (NOTE-2).
Result<std::uint64_t> entry_value(const Note& note) {
  if (const auto value = read_le<std::uint64_t>(note.desc, 0); value && note.desc.size() == 8) return *value;
  if (const auto value = read_le<std::uint32_t>(note.desc, 0); value && note.desc.size() == 4) return *value;
  Error error = error_about(Fault::kDescriptorSize, Clause::kNote2, kEntryNoteName, note);
  error.found = std::uint64_t{note.desc.size()};
  error.wanted = "4 or 8";
  return std::unexpected(std::move(error));
}

Error no_entry_note(const ElfFile& elf) {
  const auto foreign = std::ranges::find(elf.notes, kEntryNote, &Note::type);
  if (foreign == elf.notes.end()) {
    return {.what = Fault::kNoEntryNote, .clause = Clause::kNote1, .found = std::uint64_t{elf.notes.size()}};
  }
  Error error = error_about(Fault::kForeignEntryNote, Clause::kNote1, "note 18", *foreign);
  error.found = printable(*foreign);
  error.wanted = "\"Xen\"";
  return error;
}

struct EntryNote {
  std::uint64_t value;
  const Note* note;
};

/// The one value that all of Xen's notes 18 have (NOTE-4).
Result<EntryNote> find_entry(const ElfFile& elf) {
  std::optional<EntryNote> entry;
  for (const Note& note : elf.notes) {
    if (!is_xens(note, kEntryNote)) continue;
    const auto value = entry_value(note);
    if (!value) return std::unexpected(value.error());
    if (!entry) entry = EntryNote{.value = *value, .note = &note};
    if (entry->value == *value) continue;
    Error error = error_about(Fault::kEntryNotesDisagree, Clause::kNote4, kEntryNoteName, note);
    error.found = Hex{*value};
    error.wanted = hex(entry->value) + ", as the one at " + hex(entry->note->offset) + " says";
    return std::unexpected(std::move(error));
  }
  if (!entry) return std::unexpected(no_entry_note(elf));
  return *entry;
}

GuestRange extent_of(const ElfFile& elf) {
  const auto start = [](const Segment& segment) { return segment.memory.start(); };
  const auto end = [](const Segment& segment) { return segment.memory.end(); };
  const auto lowest = std::ranges::min_element(elf.segments, {}, start);
  const auto highest = std::ranges::max_element(elf.segments, {}, end);
  // Never empty: an ElfFile has a segment, and a segment has memory.
  return *GuestRange::from_ends(start(*lowest), end(*highest));
}

/// An entry among a segment's zeros is refused too: what lies there is no code, and the guest would die in
/// silence.
Result<GuestAddress> check_entry(const ElfFile& elf, const EntryNote& entry, const GuestRange& extent) {
  Error error = error_about(Fault::kEntryTooHigh, Clause::kNote2, kEntryNoteName, *entry.note);
  error.found = Hex{entry.value};
  if (entry.value > kHighest32) {
    error.wanted = Hex{kHighest32};
    return std::unexpected(std::move(error));
  }
  const GuestAddress address(entry.value);
  const auto home = std::ranges::find_if(
      elf.segments, [address](const Segment& segment) { return segment.memory.contains(address); });
  if (home == elf.segments.end()) {
    error.what = Fault::kEntryOutside;
    error.thing = Thing{.name = "the kernel", .range = extent, .size = {}};
    return std::unexpected(std::move(error));
  }
  const GuestAddress zeros(home->memory.start().value() + home->bytes.size());
  if (address >= zeros) {
    error.what = Fault::kEntryInZeros;
    error.thing = Thing{
        .name = "the segment's zeros", .range = GuestRange::from_ends(zeros, home->memory.end()), .size = {}};
    return std::unexpected(std::move(error));
  }
  return address;
}

/// What a note 19 without an alignment means: the largest that a segment claims, if that is a page or more
/// (NOTE-6).
Result<std::uint64_t> default_alignment(const ElfFile& elf) {
  const auto largest = std::ranges::max_element(elf.segments, {}, &Segment::alignment);
  if (largest->alignment < kPageSize) return kDefaultAlignment;
  if (std::has_single_bit(largest->alignment)) return largest->alignment;
  return std::unexpected(Error{.what = Fault::kRelocationAlignment,
                               .clause = Clause::kNote6,
                               .subject = "the largest p_align of a segment",
                               .where = largest->header_offset,
                               .found = Hex{largest->alignment},
                               .wanted = "a power of two"});
}

/// Up to three 32-bit values, in order; what is not there has its default (NOTE-6).
Result<RelocationLimits> relocation_value(const ElfFile& elf, const Note& note) {
  if (note.desc.size() > 12 || note.desc.size() % 4 != 0) {
    Error error = error_about(Fault::kDescriptorSize, Clause::kNote6, kRelocationNoteName, note);
    error.found = std::uint64_t{note.desc.size()};
    error.wanted = "4, 8 or 12";
    return std::unexpected(std::move(error));
  }
  RelocationLimits limits{.alignment = 0, .min = 0, .max = kHighest32};
  if (const auto min = read_le<std::uint32_t>(note.desc, 4)) limits.min = *min;
  if (const auto max = read_le<std::uint32_t>(note.desc, 8)) limits.max = *max;
  if (const auto alignment = read_le<std::uint32_t>(note.desc, 0)) {
    limits.alignment = *alignment;
  } else {
    const auto largest = default_alignment(elf);
    if (!largest) return std::unexpected(largest.error());
    limits.alignment = *largest;
  }
  if (!std::has_single_bit(limits.alignment)) {
    Error error = error_about(Fault::kRelocationAlignment, Clause::kNote6, kRelocationNoteName, note);
    error.found = Hex{limits.alignment};
    error.wanted = "a power of two";
    return std::unexpected(std::move(error));
  }
  if (limits.min > limits.max) {
    Error error = error_about(Fault::kRelocationRange, Clause::kNote6, kRelocationNoteName, note);
    error.found = Hex{limits.min};
    error.wanted = Hex{limits.max};
    return std::unexpected(std::move(error));
  }
  return limits;
}

std::string text_of(const RelocationLimits& limits) {
  return "alignment " + hex(limits.alignment) + ", from " + hex(limits.min) + " to " + hex(limits.max);
}

/// The limits that all of Xen's notes 19 have, defaults included; nothing where there is none.
Result<std::optional<RelocationLimits>> find_relocation(const ElfFile& elf) {
  std::optional<RelocationLimits> limits;
  const Note* first = nullptr;
  for (const Note& note : elf.notes) {
    if (!is_xens(note, kRelocationNote)) continue;
    const auto value = relocation_value(elf, note);
    if (!value) return std::unexpected(value.error());
    if (!limits) {
      limits = *value;
      first = &note;
    }
    if (*limits == *value) continue;
    Error error = error_about(Fault::kRelocationNotesDisagree, Clause::kNote4, kRelocationNoteName, note);
    error.found = text_of(*value);
    error.wanted = text_of(*limits) + ", as the one at " + hex(first->offset) + " says";
    return std::unexpected(std::move(error));
  }
  return limits;
}

/// Nothing is placed at 0 (START-4), so a kernel linked there must be one that can be moved.
Result<void> check_not_at_zero(const ElfFile& elf, bool can_be_moved) {
  if (can_be_moved) return {};
  const auto lowest =
      std::ranges::min_element(elf.segments, {}, [](const Segment& segment) { return segment.memory; });
  if (lowest->memory.start().value() != 0) return {};
  return std::unexpected(Error{.what = Fault::kSegmentAtZero,
                               .clause = Clause::kStart4,
                               .where = lowest->header_offset,
                               .thing = Thing{.name = "a segment", .range = lowest->memory, .size = {}}});
}

}  // namespace

Result<KernelImage> kernel_image(ElfFile elf) {
  const auto entry_note = find_entry(elf);
  if (!entry_note) return std::unexpected(entry_note.error());
  const GuestRange extent = extent_of(elf);
  const auto entry = check_entry(elf, *entry_note, extent);
  if (!entry) return std::unexpected(entry.error());
  const auto relocation = find_relocation(elf);
  if (!relocation) return std::unexpected(relocation.error());
  if (auto placed = check_not_at_zero(elf, relocation->has_value()); !placed)
    return std::unexpected(std::move(placed).error());

  const std::uint64_t note_offset = entry_note->note->offset;
  return KernelImage{.elf = std::move(elf),
                     .entry = *entry,
                     .entry_note_offset = note_offset,
                     .extent = extent,
                     .relocation = *relocation};
}

}  // namespace pvh::image
