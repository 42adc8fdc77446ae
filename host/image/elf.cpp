// What of an ELF file is loaded where, and its notes. Touches the headers and the notes, nothing else: a file
// of 50 MB that is mapped costs a few pages.
#include "pvh/image/elf.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "elf_headers.hpp"
#include "elf_notes.hpp"

namespace pvh::image {
namespace {

std::string segment_name(const ProgramHeader& header) {
  return "segment " + std::to_string(header.index);
}

std::optional<Error> fault_of(const ProgramHeader& header) {
  Error error{.what = Fault::kSegmentAddress,
              .clause = Clause::kNote5,
              .subject = segment_name(header),
              .where = header.header_offset};
  if (header.file_size > header.memory_size) {
    error.what = Fault::kSegmentFileSize;
    error.clause = Clause::kNote7;
    error.found = Size{header.file_size};
    error.wanted = Size{header.memory_size};
    return error;
  }
  const auto memory = GuestRange::from_size(GuestAddress(header.paddr), header.memory_size);
  if (!memory) {
    error.thing = Thing{.name = error.subject, .range = {}, .size = header.memory_size};
    error.found = Hex{header.paddr};
    error.wanted = Hex{kAddressLimit - 1};
    return error;
  }
  return std::nullopt;
}

/// A PT_LOAD with memory as a segment.
Result<Segment> read_segment(Bytes file, const ProgramHeader& header) {
  if (auto error = fault_of(header)) return std::unexpected(*std::move(error));
  // Without bytes the offset means nothing, and may lie past the end of the file.
  auto bytes = header.file_size == 0 ? Result<Bytes>(Bytes{})
                                     : bytes_of(file, header.offset, header.file_size, segment_name(header));
  if (!bytes) return std::unexpected(std::move(bytes).error());
  return Segment{.memory = *GuestRange::from_size(GuestAddress(header.paddr), header.memory_size),
                 .bytes = *bytes,
                 .file_offset = header.offset,
                 .flags = header.flags,
                 .alignment = header.alignment,
                 .header_offset = header.header_offset};
}

Error overlap(const ProgramHeader& one, const ProgramHeader& other) {
  const auto& [first, second] =
      std::minmax(one, other, [](const auto& a, const auto& b) { return a.index < b.index; });
  const auto thing = [](const ProgramHeader& header) {
    return Thing{.name = segment_name(header),
                 .range = GuestRange::from_size(GuestAddress(header.paddr), header.memory_size),
                 .size = {}};
  };
  return {.what = Fault::kSegmentsOverlap,
          .clause = Clause::kPlace1,
          .subject = segment_name(second),
          .where = second.header_offset,
          .thing = thing(second),
          .obstacle = thing(first)};
}

/// Headers that passed `read_segment`.
Result<void> check_disjoint(std::vector<ProgramHeader> loaded) {
  std::ranges::sort(loaded, {}, &ProgramHeader::paddr);
  // Sorted by start, two that overlap anywhere mean two neighbours that do.
  const auto touch =
      std::ranges::adjacent_find(loaded, [](const ProgramHeader& low, const ProgramHeader& high) {
        return high.paddr < low.paddr + low.memory_size;
      });
  if (touch == loaded.end()) return {};
  return std::unexpected(overlap(*touch, *std::next(touch)));
}

Result<std::vector<Segment>> read_segments(Bytes file, const std::vector<ProgramHeader>& headers,
                                           const FileHeader& file_header) {
  std::vector<Segment> segments;
  std::vector<ProgramHeader> loaded;
  for (const ProgramHeader& header : headers) {
    if (header.type != kPtLoad || (header.memory_size == 0 && header.file_size == 0)) continue;
    auto segment = read_segment(file, header);
    if (!segment) return std::unexpected(std::move(segment).error());
    segments.push_back(*segment);
    loaded.push_back(header);
  }
  if (segments.empty()) {
    return std::unexpected(Error{.what = Fault::kElfNoSegments,
                                 .clause = Clause::kNote5,
                                 .where = file_header.e_phoff,
                                 .found = std::uint64_t{headers.size()}});
  }
  if (auto disjoint = check_disjoint(std::move(loaded)); !disjoint)
    return std::unexpected(std::move(disjoint).error());
  return segments;
}

/// Where notes shall be read, and whose header says so.
struct NotePlace {
  std::string name;
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t alignment;
  std::uint64_t header_offset;
};

/// Every PT_NOTE that has bytes; only where there is none, every SHT_NOTE section (NOTE-4).
Result<std::vector<NotePlace>> note_places(Bytes file, const FileHeader& file_header,
                                           const std::vector<ProgramHeader>& headers) {
  std::vector<NotePlace> places;
  for (const ProgramHeader& header : headers) {
    if (header.type != kPtNote || header.file_size == 0) continue;
    places.push_back({.name = "note segment " + std::to_string(header.index),
                      .offset = header.offset,
                      .size = header.file_size,
                      .alignment = header.alignment,
                      .header_offset = header.header_offset});
  }
  if (!places.empty()) return places;

  auto sections = read_note_sections(file, file_header);
  if (!sections) return std::unexpected(std::move(sections).error());
  for (const SectionHeader& section : *sections) {
    if (section.size == 0) continue;
    places.push_back({.name = "note section " + std::to_string(section.index),
                      .offset = section.offset,
                      .size = section.size,
                      .alignment = section.alignment,
                      .header_offset = section.header_offset});
  }
  return places;
}

Result<std::vector<Note>> read_notes(Bytes file, const std::vector<NotePlace>& places) {
  std::vector<Note> notes;
  // Thousands of headers may point to the same megabytes; together they are read no further than the file is
  // long.
  std::uint64_t budget = file.size();
  for (const NotePlace& place : places) {
    const auto bytes = bytes_of(file, place.offset, place.size, place.name);
    if (!bytes) return std::unexpected(bytes.error());
    if (place.size > budget) {
      return std::unexpected(Error{.what = Fault::kNotesOverlap,
                                   .clause = Clause::kNote3,
                                   .subject = place.name,
                                   .where = place.header_offset,
                                   .wanted = Size{file.size()}});
    }
    budget -= place.size;
    const NoteArea area{
        .name = place.name, .bytes = *bytes, .offset = place.offset, .alignment = place.alignment};
    if (auto walked = append_notes(area, notes); !walked) return std::unexpected(std::move(walked).error());
  }
  std::ranges::sort(notes, {}, &Note::offset);
  return notes;
}

}  // namespace

Parsed<ElfFile> read_elf(Bytes file) {
  const auto header = read_file_header(file);
  if (!header) return std::unexpected(header.error());
  if (!*header) return std::nullopt;
  const FileHeader& file_header = **header;

  const auto headers = read_program_headers(file, file_header);
  if (!headers) return std::unexpected(headers.error());
  auto segments = read_segments(file, *headers, file_header);
  if (!segments) return std::unexpected(std::move(segments).error());
  const auto places = note_places(file, file_header, *headers);
  if (!places) return std::unexpected(places.error());
  auto notes = read_notes(file, *places);
  if (!notes) return std::unexpected(std::move(notes).error());

  return ElfFile{.bytes = file,
                 .elf_class = file_header.elf_class,
                 .machine = file_header.machine,
                 .e_entry = file_header.e_entry,
                 .segments = *std::move(segments),
                 .notes = *std::move(notes)};
}

}  // namespace pvh::image
