// Sentences for the faults of image/'s ELF readers.
#include "pvh/words/words.hpp"

namespace pvh::words {
namespace {

constexpr std::string_view kDamaged = "The file was cut off or is damaged: fetch or build it again.";
constexpr std::string_view kX86Only =
    "Only 32- and 64-bit x86 kernels are booted so; take the one built for x86.";
constexpr std::string_view kTools =
    "No linker makes such a file: if a script changed it afterwards, look there, else build it again.";
constexpr std::string_view kLinkerScript =
    "Look at the physical addresses (AT, or LMA) in the kernel's linker script.";
constexpr std::string_view kShowNotes = "`pvh inspect {file}` shows all notes.";
constexpr std::string_view kNoteMacro =
    "Write it with the macro from pvh/elfnote.h; `readelf -n {file}` shows what the linker made of it.";

}  // namespace

Table words_elf() {
  static constexpr FaultWords kWords[] = {
      {Fault::kNotAKernel, "this is no kernel file but {found}",
       "A kernel is a vmlinux, a vmlinuz, a unified kernel image, or an ELF file for direct boot, also "
       "compressed."},
      {Fault::kElfTruncated,
       "{subject} (at {where}) should have {wanted}, but the file ends after {found} of it", kDamaged},
      {Fault::kElfClass, "the ELF class (at {where}) is {found}; it must be {wanted}", kDamaged},
      {Fault::kElfBigEndian, "the file is big-endian ({found} at {where}); it must be {wanted}", kX86Only},
      {Fault::kElfData, "the byte order (at {where}) is {found}; it must be {wanted}", kDamaged},
      {Fault::kElfVersion, "the ELF version (at {where}) is {found}; it must be {wanted}", kDamaged},
      {Fault::kElfMachine, "the file is for machine {found} (at {where}); it must be {wanted}", kX86Only},
      {Fault::kElfMachineClass, "the file is {found} (at {where}); it must be {wanted}",
       "A 32-bit entry can be linked as either; choose class and machine that belong together (ld -m)."},
      {Fault::kElfType, "the file's type (at {where}) is {found}; it must be {wanted}",
       "Give the linked kernel."},
      {Fault::kElfEntrySize, "{subject} (at {where}) is {found}; it must be {wanted}", kDamaged},
      {Fault::kElfTooManyHeaders,
       "the file has more program headers than its header can count (at {where}); at most {wanted} are read",
       kTools},
      {Fault::kElfNoSegments,
       "nothing in the file is loaded: none of its {found} program headers (at {where}) has memory",
       "Give the linked kernel; an object file or a file of symbols alone cannot be booted."},
      {Fault::kSegmentFileSize,
       "{subject} (header at {where}) has {found} in the file but only {wanted} in memory", kTools},
      {Fault::kSegmentAddress,
       "{thing} (header at {where}) would lie at {found} and pass the last address, {wanted}", kLinkerScript},
      {Fault::kSegmentAtZero, "{thing} (header at {where}), would lie where nothing is ever placed",
       "See the physical addresses in the kernel's linker script; or let it be moved, by Xen's note 19."},
      {Fault::kSegmentsOverlap, "{thing} (header at {where}), would overlap {obstacle}", kLinkerScript},
      {Fault::kNoteCut, "a note (at {where}) has {found} of its {wanted} header before {subject} ends",
       kNoteMacro},
      {Fault::kNoteTooLong, "a note (at {where}) claims {found} bytes; {subject} has {wanted} left",
       kNoteMacro},
      {Fault::kNotesOverlap,
       "{subject} (header at {where}) overlaps others so much that the notes are longer than the file, "
       "{wanted}",
       kTools},
      {Fault::kTooManyNotes, "there are more than {wanted} notes (the next, of {subject}, at {where})",
       kTools},
      {Fault::kNoEntryNote,
       "the kernel does not say that it can be booted so: Xen's note 18 is not among its notes (notes found: "
       "{found})",
       "Linux says it when built with CONFIG_PVH=y, and only in vmlinux or vmlinuz itself: "
       "arch/x86/boot/compressed/vmlinux has no such "
       "note, and strip can remove it. Another kernel needs the note from pvh/elfnote.h."},
      {Fault::kForeignEntryNote,
       "{subject} (at {where}), which would name the entry point, is of owner {found}; it must be {wanted}",
       "The owner has 4 bytes, its NUL included; the macro from pvh/elfnote.h writes it right."},
      {Fault::kEntryNotesDisagree, "{subject} (at {where}) says {found}, not {wanted}",
       "Keep one of them. `pvh inspect {file}` shows all notes."},
      {Fault::kDescriptorSize,
       "{subject} (at {where}) has a descriptor of {found} bytes; it must be {wanted}",
       "Was it made by hand? `pvh inspect {file}` shows all notes."},
      {Fault::kEntryTooHigh, "{subject} (at {where}) says {found}, which is above {wanted}",
       "It must be the physical address, not the virtual one: subtract the kernel's base."},
      {Fault::kEntryOutside, "{subject} (at {where}) says {found}, where no segment lies ({thing})",
       "It must be the physical address of code in the file. `pvh inspect {file}` shows the segments."},
      {Fault::kEntryInZeros,
       "{subject} (at {where}) says {found}, where no byte of the file is loaded ({thing})",
       "It must be the physical address of code, not of bss. `pvh inspect {file}` shows the segments."},
      {Fault::kRelocationAlignment,
       "{subject} (at {where}) asks for an alignment of {found}; it must be {wanted}", kShowNotes},
      {Fault::kRelocationRange,
       "{subject} (at {where}) has its lowest start, {found}, above its highest byte, {wanted}", kShowNotes},
      {Fault::kRelocationNotesDisagree, "{subject} (at {where}) says {found}, not {wanted}",
       "Keep one of them. `pvh inspect {file}` shows all notes."},
  };
  return kWords;
}

}  // namespace pvh::words
