// The clauses themselves. The facts are the ABI's, the words are ours.
#include "pvh/judge/clauses.hpp"

#include <algorithm>
#include <array>

#include "checks.hpp"

namespace pvh::conform {
namespace {

constexpr auto kClauses = std::to_array<ClauseEntry>({
    {.id = Clause::kHdr1,
     .severity = Severity::kMust,
     .owed_by = kHeader,
     .text = "Plain C89: compiles with `-std=c89 -pedantic-errors -Wall -Wextra -Werror`, as "
             "C99/C11/C17/C23 and as C++98 to C++23, alone, by gcc, clang, tcc and pcc. No `#pragma "
             "pack`, no attribute, no bit-field, no enum, no bool, no pointer in a structure.",
     .rationale =
         "Kernels, firmware and boot loaders of every age and language include it; what one compiler "
         "needs special words for, another lays out differently.",
     .source = "start_info.h of the Xen project's public headers; C89",
     .judged = Judged::kHeader,
     .check = nullptr},
    {.id = Clause::kHdr2,
     .severity = Severity::kMust,
     .owed_by = kHeader,
     .text = "Natural alignment: every member lies at a multiple of its own size, and every structure's "
             "size is a multiple of 8, so that each element of an array is aligned (the \"every other "
             "member misaligned\" fault of a packed 20-byte e820 entry cannot occur). Sizes 56, 32 and "
             "24 and every offset are the same on every architecture, i386 (where a 64-bit member aligns "
             "to 4) and m68k (to 2) included; pinned at compile time.",
     .rationale = "A structure whose layout depends on the compiler is a contract with nobody; a misaligned "
                  "64-bit member traps on strict machines.",
     .source = "start_info.h of the Xen project's public headers, whose comment has the offsets",
     .judged = Judged::kHeader,
     .check = nullptr},
    {.id = Clause::kHdr3,
     .severity = Severity::kMust,
     .owed_by = kHeader,
     .text = "Architecture-neutral: no x86 word in its path, names or meaning. What is specific to one "
             "architecture (entry state, note) is in another file.",
     .rationale =
         "The structure is data; only the entry state is x86. Another architecture can take it as it "
         "is.",
     .source = "start_info.h of the Xen project's public headers",
     .judged = Judged::kHeader,
     .check = nullptr},
    {.id = Clause::kHdr4,
     .severity = Severity::kMust,
     .owed_by = kHeader,
     .text = "Memory-map types are the ABI's own name space, `XEN_HVM_MEMMAP_TYPE_*`. They are not "
             "\"e820 types\". That today's numbers equal e820's and ACPI's is said once, as a fact; "
             "conversion is explicit; new types can be added.",
     .rationale = "Whoever takes them for e820 types will convert in the wrong place, or refuse a type that "
                  "is added later.",
     .source = "start_info.h of the Xen project's public headers",
     .judged = Judged::kHeader,
     .check = nullptr},
    {.id = Clause::kHdr5,
     .severity = Severity::kMust,
     .owed_by = kHeader,
     .text = "All integers are little-endian whatever the machine. A big-endian consumer must get right "
             "values.",
     .rationale = "The bytes lie in guest memory, written by a producer that does not know who reads.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kHeader,
     .check = nullptr},
    {.id = Clause::kNote1,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "ELF note, owner `Xen` (namesz 4, with the NUL), type 18 `XEN_ELFNOTE_PHYS32_ENTRY`: "
             "physical address of the 32-bit entry point. The owner is compared. *Seen: QEMU and "
             "StratoVirt do not compare it.*",
     .rationale =
         "Note numbers have meaning only for their owner: number 18 of somebody else is not an entry "
         "point.",
     .source = "elfnote.h of the Xen project's public headers; ELF specification, note section",
     .judged = Judged::kCapture,
     .check = &note_1},
    {.id = Clause::kNote2,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "The descriptor is 4 bytes (`.long`) or 8 (64-bit Linux). Other sizes are an error. The "
             "value fits in 32 bits and lies inside a loaded segment.",
     .rationale = "Linux writes 8 bytes on 64 bits, the text says 4; a reader that takes one form only boots "
                  "half of the kernels.",
     .source = "elfnote.h of the Xen project's public headers; Linux, arch/x86/platform/pvh",
     .judged = Judged::kCapture,
     .check = &note_2,
     .reading = "A guest that began at an address that neither the note nor anything else in the file "
                "names had its note read wrong. A kernel whose descriptor has 12 bytes, whose value does "
                "not fit in 32 bits, or whose entry lies outside of its segments is to be refused, in any "
                "words."},
    {.id = Clause::kNote3,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "Name and descriptor are padded to 4 bytes, also where the segment says `p_align` 8: "
             "toolchains merge an 8-aligned `.note.gnu.property` and 4-padded notes into one segment. A "
             "reader finds the note in either. The walk is bounded cumulatively by the segment; "
             "`p_align` 0 and 1 are legal. *Seen: QEMU pads by p_align, walks past the segment, and dies "
             "with SIGFPE on p_align 0.*",
     .rationale = "A toolchain that adds .note.gnu.property makes the segment 8-aligned, and kernels that "
                  "booted stop to.",
     .source = "gABI note format as GNU and LLVM linkers write it",
     .judged = Judged::kCapture,
     .check = &note_3},
    {.id = Clause::kNote4,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "Every PT_NOTE is searched; a later one does not undo an earlier find (*seen: "
             "linux-loader*). Where there is no PT_NOTE, SHT_NOTE sections are searched, as Xen does. "
             "Two notes that disagree are an error.",
     .rationale = "Linkers split and merge notes as they like; the order of segments means nothing.",
     .source = "ELF specification; Xen, xc_dom_elfloader",
     .judged = Judged::kCapture,
     .check = &note_4,
     .reading = "Of notes that disagree neither may be taken: an error, in any words."},
    {.id = Clause::kNote5,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "ELF32 (EM_386) and ELF64 (EM_X86_64), little-endian; ELF64 with EM_386 and the reverse get "
             "an error that says so. Segments load at `p_paddr`. `e_entry` plays no part: an image whose "
             "`e_entry` is 0 is fine (*seen: linux-loader refuses it; Xen without a note boots by "
             "e_entry*).",
     .rationale = "e_entry of a 64-bit kernel is its own business, often a virtual address; the note is what "
                  "says where to start.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh); ELF specification",
     .judged = Judged::kCapture,
     .check = &note_5},
    {.id = Clause::kNote6,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Type 19 `XEN_ELFNOTE_PHYS32_RELOC`: the kernel can be loaded elsewhere. Up to three 32-bit "
             "values, in order: start alignment; lowest start address; highest address of the last byte. "
             "Defaults where absent: the largest `p_align` of the loadable segments if that is at least "
             "4 KiB, else 2 MiB; 0; 0xffffffff. The entry moves with the image. *Seen: in Debian's Linux "
             "6.12 (align 2 MiB, min 16 MiB, max 1 GiB - 1); no VMM that we know of uses it, Xen only "
             "for dom0.*",
     .rationale = "Where a producer moves a kernel that did not say that it can be moved, the kernel runs at "
                  "wrong addresses.",
     .source = "elfnote.h of the Xen project's public headers",
     .judged = Judged::kCapture,
     .check = &note_6,
     .reading = "Nobody owes it to move a kernel: an error is as good where it cannot lie where it was "
                "linked. A kernel without the note is not moved; a consumer that has it works wherever it "
                "allows."},
    {.id = Clause::kNote7,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "Memory size counts, not file size: `.bss` (`p_memsz > p_filesz`, `p_filesz` 0 included) is "
             "reserved and zero.",
     .rationale =
         "C says that uninitialised static data is zero; a kernel has nobody before it who would see "
         "to that.",
     .source = "ELF specification, p_memsz",
     .judged = Judged::kCapture,
     .check = &note_7},
    {.id = Clause::kStart1,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`magic` 0x336ec578.",
     .rationale = "The only mark by which a kernel knows that ebx points at a start info.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_1},
    {.id = Clause::kStart2,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`version` 0 or 1; higher is backwards compatible. `memmap_paddr`, `memmap_entries` and the "
             "reserved word after them exist only from version 1: on version 0 they are not read, "
             "whatever lies there.",
     .rationale = "The version says which members exist; whatever lies after a version 0 structure is not "
                  "part of it.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_2,
     .reading = "A later version is advised against, not forbidden, as nobody has defined one. A kernel "
                "that learns of its memory from nowhere else may stop at version 0, which has no map: "
                "that, too, is advised against only."},
    {.id = Clause::kStart3,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`flags`: SIF_* bits; 0 for an ordinary guest. Unknown bits are ignored (C).",
     .rationale = "A flag set for an ordinary guest makes it believe in rights that it does not have.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_3},
    {.id = Clause::kStart4,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "An address of 0 means \"not present\", for every address field. Nothing is ever placed at "
             "0 (P).",
     .rationale = "There is no other way to say that something is not there.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_4},
    {.id = Clause::kStart5,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Command line: NUL-terminated ASCII (P). No limit in the ABI: a producer either passes all "
             "of it or refuses; it never cuts silently. *Seen: QEMU's pvh.bin overwrites start_info "
             "above 4,096 bytes.*",
     .rationale = "A command line that is cut boots with the wrong root, or without the option that would "
                  "have made it boot.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_5,
     .reading =
         "Words that a producer adds are no fault, as long as all that was asked for stands in one piece, "
         "by whole words. A refusal that names the command line and its length is as good. A consumer "
         "takes a command line as long as it comes, an empty one, and none."},
    {.id = Clause::kStart6,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Modules: `nr_modules` entries of 32 bytes: address, size, address of its own command line "
             "(0 if none), reserved 0. Order is kept. All reserved members are zero (P) (*seen: qboot "
             "leaves stack garbage*).",
     .rationale = "Kernels find modules by their number, and reserved members can be given a meaning only "
                  "while all write zero.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_6},
    {.id = Clause::kStart7,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`rsdp_paddr`: where ACPI tables exist, the address of a valid RSDP (P). *Seen: Firecracker "
             "writes an RSDP and passes 0.*",
     .rationale =
         "Without BIOS there is no area to scan: this address is how a kernel finds devices and CPUs.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh); ACPI specification, root system "
               "description pointer",
     .judged = Judged::kCapture,
     .check = &start_7,
     .reading = "Valid: signature and checksums of the RSDP, the signature of the table that it names, "
                "and the checksums of that one, of all that it lists and of the DSDT, as far as they are "
                "shown."},
    {.id = Clause::kStart8,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Everything pointed to lies below 4 GiB (P), 8-byte aligned for structures (P; *seen: qboot "
             "4*), inside memory that the map calls RAM or a type that the guest leaves alone, and "
             "readable before the guest has page tables. *Seen: Linux's early tables map the first 1 GiB "
             "only, and its 32-bit entry uses the start-info page as a stack: so keep start info, tables "
             "and strings in ordinary writable RAM below 1 GiB.*",
     .rationale = "The kernel reads these before it has page tables, with 32-bit addresses, and must not "
                  "overwrite them first.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &start_8,
     .reading = "Memory that is UNUSABLE or DISABLED is none that works. What is read before page tables "
                "(start info, lists, strings) and lies above 1 GiB is advised against, not forbidden. "
                "Where modules lie is for PLACE-1 and PLACE-3."},
    {.id = Clause::kMap1,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`memmap_entries` entries of 24 bytes: address, size, type, reserved 0. 0 entries means no "
             "map, and then `memmap_paddr` is not read (C).",
     .rationale = "A reader walks the table by this size; reserved words can be given a meaning only while "
                  "all write zero.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &map_1,
     .reading = "A kernel that learns of its memory from nowhere else may stop where there is no map: "
                "advised against only."},
    {.id = Clause::kMap2,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Types: 1 RAM, 2 RESERVED, 3 ACPI, 4 NVS, 5 UNUSABLE, 6 DISABLED, 7 PMEM. A type that the "
             "consumer does not know is not RAM.",
     .rationale = "A type that nobody defined is memory that nobody may use.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &map_2},
    {.id = Clause::kMap3,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "The producer's map is sorted by address, disjoint, without empty entries, and no entry "
             "passes 2^64 (P). The consumer copes with unsorted, overlapping, adjacent and empty "
             "entries: where two overlap, RAM loses (C). *Seen: Xen's is unsorted; qboot's ends in an "
             "empty type-0 entry; libxl overlaps NVS and RAM.*",
     .rationale =
         "Most kernels copy the map into a table that they take to be sorted; where entries overlap, "
         "each kernel decides otherwise.",
     .source = "this contract; the ABI is silent, and what kernels do with other maps differs",
     .judged = Judged::kCapture,
     .check = &map_3},
    {.id = Clause::kMap4,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "Any number of entries works on both sides, 0 to 2^20 and more; a consumer with a fixed "
             "table says so and fails cleanly. *Seen: Linux stores the count in 8 bits.*",
     .rationale = "Large machines with many holes exist; a count that is cut loses memory, or loses what is "
                  "reserved.",
     .source = "this contract",
     .judged = Judged::kCapture,
     .check = &map_4},
    {.id = Clause::kMap5,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "The RAM entries are exactly the memory that the guest has (P): what is RAM is backed, and "
             "what holds ACPI tables or firmware is not called RAM.",
     .rationale = "A kernel writes to whatever is called RAM.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &map_5,
     .reading = "Up to 4 MiB less than was asked for may be kept for firmware and devices; not a byte "
                "more may be listed."},
    {.id = Clause::kCpu1,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "`ebx` = physical address of the start info.",
     .rationale = "The one pointer that everything else hangs from.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &cpu_1},
    {.id = Clause::kCpu2,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "`cr0`: PE set, every other writable bit clear (ET reads as 1, so 0x11). `cr4` = 0. Paging "
             "off, so EFER.LMA 0.",
     .rationale = "The first instructions set a bit and leave the others: an unexpected one faults at the "
                  "next step.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &cpu_2},
    {.id = Clause::kCpu3,
     .severity = Severity::kMust,
     .owed_by = kProducer | kConsumer,
     .text = "`cs`: 32-bit code, execute/read, base 0, limit 4 GiB. `ds`, `es`, `ss`: 32-bit data, "
             "read/write, base 0, limit 4 GiB. Selector values are unspecified (*seen: Xen uses 0 for "
             "all; so a consumer never reloads a segment before its own GDT*).",
     .rationale = "Until its own GDT is loaded the kernel computes addresses by what the registers hold.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &cpu_3,
     .reading = "Where nothing outside of the guest told of the registers, the descriptors that their "
                "selectors name in the table at gdt_base stand for them."},
    {.id = Clause::kCpu4,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "`tr`: active 32-bit TSS, base 0, limit 0x67. *Seen: QEMU 0xffff.*",
     .rationale = "Processors with virtualization refuse to enter a guest without an active TSS; the size is "
                  "what the ABI says.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &cpu_4,
     .reading = "As CPU-3; a TSS that is told as available shows nothing of the register."},
    {.id = Clause::kCpu5,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "`eflags`: VM, IF and TF clear.",
     .rationale = "There is no IDT: the first interrupt or trap would be the end.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &cpu_5},
    {.id = Clause::kCpu6,
     .severity = Severity::kMust,
     .owed_by = kConsumer,
     .text = "All else unspecified: a consumer assumes no stack, no GDT, no IDT, and no value in any "
             "other register (*seen: qboot leaves multiboot's magic in eax*).",
     .rationale = "Whatever a kernel relies on here, the next producer does not give.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kConsumer,
     .check = nullptr},
    {.id = Clause::kPlace1,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "Kernel (with its bss), modules, command lines, start info, map, ACPI tables: disjoint, "
             "inside RAM or the region meant for them. *Seen: QEMU, Firecracker and Cloud Hypervisor let "
             "the initrd overlap the kernel when memory is small.*",
     .rationale = "What overlaps is overwritten, and the guest dies later and elsewhere.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kCapture,
     .check = &place_1,
     .reading = "Tables of ACPI may share what they like among themselves."},
    {.id = Clause::kPlace2,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "What does not fit is an error that names the two things, their sizes and the memory that "
             "would do. Never a warning, never a cut.",
     .rationale = "A guest that was given half an initrd dies with a message about something else.",
     .source = "this contract",
     .judged = Judged::kCapture,
     .check = &place_2,
     .reading = "The words name a module by any usual name, and the kernel, a segment or the memory; two "
                "different amounts, one of them the module's size; and one above the memory that there was, "
                "and at most four times it and the module. "
                "Where a kernel does not fit, they name it, the memory, and an amount above that."},
    {.id = Clause::kPlace3,
     .severity = Severity::kMust,
     .owed_by = kProducer,
     .text = "Modules are page-aligned, and not above 4 GiB.",
     .rationale = "A kernel frees a module by pages, and its 32-bit entry cannot reach above 4 GiB.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh) for the limit; the alignment is what "
               "all producers do",
     .judged = Judged::kCapture,
     .check = &place_3},
    {.id = Clause::kCons1,
     .severity = Severity::kMust,
     .owed_by = kConsumer,
     .text = "Checks the magic before anything else, then the version; reads no version-1 member on "
             "version 0.",
     .rationale = "Reading a member that is not there is reading garbage.",
     .source = "x86/HVM direct boot ABI (Xen project, docs/misc/pvh)",
     .judged = Judged::kConsumer,
     .check = nullptr},
    {.id = Clause::kCons2,
     .severity = Severity::kMust,
     .owed_by = kConsumer,
     .text = "Treats every address, size and count as untrusted: address + size never wraps, nothing "
             "outside what the caller says is readable is read, a string without a NUL is cut off at "
             "that bound with an error.",
     .rationale = "The start of day is the first thing that an attacker outside of the guest, or a broken "
                  "loader, can get wrong.",
     .source = "this contract",
     .judged = Judged::kConsumer,
     .check = nullptr},
    {.id = Clause::kCons3,
     .severity = Severity::kMust,
     .owed_by = kConsumer,
     .text = "Assumes no order and no alignment of the tables beyond what START-8 promises, and still "
             "works where alignment is off (a producer's fault is reported, not crashed on).",
     .rationale = "A kernel that faults here does so before it can say why.",
     .source = "this contract",
     .judged = Judged::kConsumer,
     .check = nullptr,
     .reading = "To stop at garbage in reserved words is advised against only."},
    {.id = Clause::kCons4,
     .severity = Severity::kMust,
     .owed_by = kConsumer,
     .text = "Keeps what it was handed (structure, tables, strings, modules, ACPI) out of its free "
             "memory until it has used it.",
     .rationale = "The first page that a kernel allocates may be its own command line.",
     .source = "this contract",
     .judged = Judged::kConsumer,
     .check = nullptr},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kClauses.size(); ++i) {
    if (kClauses[i].id != static_cast<Clause>(i + 1)) return false;
    if ((kClauses[i].check != nullptr) != (kClauses[i].judged == Judged::kCapture)) return false;
  }
  return kClauses.size() == static_cast<std::size_t>(Clause::kCons4);
}
static_assert(in_order(),
              "each clause has its entry, in the order of the enumeration; a check where it says so");

}  // namespace

std::span<const ClauseEntry> clauses() {
  return kClauses;
}

const ClauseEntry& entry_of(Clause clause) {
  return kClauses[static_cast<std::size_t>(clause) - 1];
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kBroken:
      return "broken";
    case Verdict::kNotApplicable:
      return "not applicable";
    case Verdict::kNotSeen:
      return "not seen";
  }
  return "";
}

std::string_view why_no_check(const ClauseEntry& entry) {
  if (entry.id == Clause::kHdr5)
    return "the header can only say it; what keeps it is a reader: tests/guest runs the reader's tests on "
           "big-endian processors, and tests/abi/clauses.sh judges it there, with a planted fault";
  switch (entry.judged) {
    case Judged::kCapture:
      return "";
    case Judged::kHeader:
      return "the header owes it, which no run shows: tests/abi compiles the header in every language "
             "version "
             "that each compiler has, and tests/abi/clauses.sh judges it clause by clause, with planted "
             "faults";
    case Judged::kConsumer:
      return "a kernel owes it, which no producer's capture shows: `pvh conform consumer` boots the kernel "
             "under variants of a start of day";
  }
  return "";
}

}  // namespace pvh::conform
