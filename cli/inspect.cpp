// pvh inspect: what a kernel file is, and whether it can be booted so.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "commands.hpp"
#include "inspection.hpp"
#include "json.hpp"
#include "notes.hpp"
#include "output.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

using Out = std::back_insert_iterator<std::string>;

void line(Out out, std::string_view label, std::string_view text) {
  fmt::format_to(out, "  {:<15}{}\n", label, printable(text));
}

/// "compressed file (gzip) > bzImage (lz4) > ELF64 x86-64"
std::string layers_text(const image::KernelFile& file) {
  std::string text;
  for (const image::Layer& layer : file.layers) {
    if (layer.format == image::Format::kElf) break;
    text += image::name_of(layer.format);
    if (layer.compression != image::Compression::kNone) {
      text += fmt::format(" ({})", image::name_of(layer.compression));
    }
    text += " > ";
  }
  text += file.elf.elf_class == image::ElfClass::k64 ? "ELF64 " : "ELF32 ";
  text += file.elf.machine == image::Machine::kX86_64 ? "x86-64" : "i386";
  return text;
}

std::string relocation_text(const image::KernelImage& kernel) {
  if (!kernel.relocation) return "no: it runs only where it was linked";
  return fmt::format("yes: to multiples of {} from {:#x}, its last byte at most at {:#x}",
                     format_size(kernel.relocation->alignment), kernel.relocation->min,
                     kernel.relocation->max);
}

void write_head(Out out, const Inspection& inspection) {
  const image::KernelFile& file = inspection.file;
  const auto& bootable = inspection.bootable;
  fmt::format_to(out, "{}\n", printable(inspection.path));
  line(out, "format", layers_text(file));
  if (bootable) {
    line(out, "boots",
         fmt::format("yes, by PVH: it enters at {:#x} (the note lies at {:#x})", bootable->entry.value(),
                     bootable->entry_note_offset));
    line(out, "memory",
         fmt::format("{:#x} to {:#x}, {}", bootable->extent.start().value(), bootable->extent.last().value(),
                     format_size(bootable->extent.size())));
    line(out, "relocatable", relocation_text(*bootable));
  } else {
    line(out, "boots", "no, not by PVH: " + sentence(bootable.error(), inspection.path));
  }
  if (file.release) line(out, "release", *file.release);
  if (const auto id = build_id(file.elf.notes)) line(out, "build ID", *id);
  for (const NoteString& string : note_strings(file.elf.notes)) {
    std::string label(string.key);
    std::ranges::replace(label, '_', ' ');
    if (!string.text.empty()) line(out, label, string.text);
  }
  if (file.command_line) line(out, "command line", *file.command_line);
  if (file.initrd) line(out, "initrd", format_size(file.initrd->size()));
}

std::string flags_text(std::uint32_t flags) {
  return {(flags & 4U) != 0 ? 'r' : '-', (flags & 2U) != 0 ? 'w' : '-', (flags & 1U) != 0 ? 'x' : '-'};
}

void write_segments(Out out, const image::ElfFile& elf) {
  fmt::format_to(out, "\n  Segments\n  {:>12} {:>12} {:>12} {:>12}  {}\n", "address", "in file", "in memory",
                 "offset", "flags");
  for (const image::Segment& segment : elf.segments) {
    fmt::format_to(out, "  {:>#12x} {:>#12x} {:>#12x} {:>#12x}  {}\n", segment.memory.start().value(),
                   segment.bytes.size(), segment.memory.size(), segment.file_offset,
                   flags_text(segment.flags));
  }
}

/// "0x200000 0x1000000 0x3fffffff"
std::string words_text(Bytes bytes) {
  std::string text;
  for (std::uint64_t at = 0; const auto word = read_le<std::uint32_t>(bytes, at); at += sizeof *word) {
    text += fmt::format("{}{:#x}", at == 0 ? "" : " ", *word);
  }
  return text;
}

/// The descriptor: as text or a number where it is one, else its first bytes.
std::string content_text(const image::Note& note) {
  constexpr std::size_t kShown = 24;
  if (const auto text = note_text(note)) return fmt::format("\"{}\"", printable(*text));
  if (const auto value = note_value(note)) return fmt::format("{:#x}", *value);
  if (note_name(note) == "PHYS32_RELOC") return words_text(note.desc);
  if (note.desc.size() <= kShown) return hex_text(note.desc);
  return fmt::format("{}... ({})", hex_text(note.desc.first(kShown)), format_size(note.desc.size()));
}

void write_notes(Out out, const image::ElfFile& elf) {
  if (elf.notes.empty()) {
    fmt::format_to(out, "\n  No notes\n");
    return;
  }
  fmt::format_to(out, "\n  Notes\n  {:>12}  {:<8} {:>10}  {:<18} {}\n", "offset", "owner", "type", "name",
                 "content");
  for (const image::Note& note : elf.notes) {
    fmt::format_to(out, "  {:>#12x}  {:<8} {:>10}  {:<18} {}\n", note.offset, printable(note.owner),
                   note.type, note_name(note), content_text(note));
  }
}

int fail(const Failure& failure, bool json) {
  if (json && !print(failure_json(failure))) return kExitError;
  complain(message(failure));
  return kExitError;
}

}  // namespace

bool only_lacks_entry(const Error& error) {
  return error.what == Fault::kNoEntryNote || error.what == Fault::kForeignEntryNote;
}

image::Compression innermost_compression(const image::KernelFile& file) {
  auto innermost = image::Compression::kNone;
  for (const image::Layer& layer : file.layers) {
    if (layer.compression != image::Compression::kNone) innermost = layer.compression;
  }
  return innermost;
}

int inspect(const InspectOptions& options) {
  const auto kernel = launch::open_kernel(options.file, options.max_unpacked);
  if (!kernel) return fail(kernel.error(), options.json);
  const Inspection inspection{
      .path = options.file, .file = kernel->contents, .bootable = image::kernel_image(kernel->contents)};

  std::string text;
  if (options.json) {
    text = inspection_json(inspection);
  } else {
    const Out out = std::back_inserter(text);
    write_head(out, inspection);
    write_segments(out, inspection.file.elf);
    write_notes(out, inspection.file.elf);
  }
  if (!print(text)) return kExitError;
  if (inspection.bootable || only_lacks_entry(inspection.bootable.error())) return kExitDone;
  // The file contradicts itself: what could be read of it is shown, and that it is broken is said.
  complain(message({inspection.bootable.error(), options.file}));
  return kExitError;
}

}  // namespace pvh::cli
