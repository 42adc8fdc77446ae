// What is wrong, as facts: which clause, what, in which thing, where, what was found and what was wanted.
// The sentence that a person reads is made in words/ and cli/ (words*.cpp has one for each Fault).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "pvh/base/address.hpp"

namespace pvh {

/// The clauses of the contract (docs/contract.md).
// clang-format off
enum class Clause : std::uint8_t {
  kNone,
  kHdr1, kHdr2, kHdr3, kHdr4, kHdr5,
  kNote1, kNote2, kNote3, kNote4, kNote5, kNote6, kNote7,
  kStart1, kStart2, kStart3, kStart4, kStart5, kStart6, kStart7, kStart8,
  kMap1, kMap2, kMap3, kMap4, kMap5,
  kCpu1, kCpu2, kCpu3, kCpu4, kCpu5, kCpu6,
  kPlace1, kPlace2, kPlace3,
  kCons1, kCons2, kCons3, kCons4,
};
// clang-format on

/// "NOTE-2"; empty for kNone.
[[nodiscard]] std::string_view clause_id(Clause clause);
/// The clause with the id `text` ("MAP-3"); nothing where there is none, or `text` is empty.
[[nodiscard]] std::optional<Clause> clause_named(std::string_view text);

/// Each kind of thing that can be wrong. A room adds its own at the end of its section.
enum class Fault : std::uint16_t {
  // image: ELF files and what they say of their kernel.
  kNotAKernel,    ///< no reader claims the file; found: what it looks like, text
  kElfTruncated,  ///< subject at where should have wanted (Size), but the file ends after found (Size) of it
  kElfClass,      ///< where: EI_CLASS; found number; wanted text
  kElfBigEndian,  ///< where: EI_DATA; found number; wanted text
  kElfData,       ///< where: EI_DATA, neither byte order; found number; wanted text
  kElfVersion,    ///< where: EI_VERSION; found, wanted numbers
  kElfMachine,    ///< where: e_machine; found text; wanted text
  kElfMachineClass,  ///< where: e_machine, x86 but not of this class; found "ELF64 with EM_386"; wanted text
  kElfType,          ///< where: e_type; found text; wanted text
  kElfEntrySize,     ///< subject e_phentsize or e_shentsize; where; found, wanted numbers
  kElfTooManyHeaders,  ///< where: e_phnum is PN_XNUM; wanted: the most that are read, a number
  kElfNoSegments,    ///< nothing to load; where: e_phnum or e_phoff's table; found: how many program headers
  kSegmentFileSize,  ///< subject; where: its header; found (Size) p_filesz; wanted (Size) p_memsz
  kSegmentAddress,   ///< passes the last address. thing: segment and size; where: header; found p_paddr;
                     ///< wanted
  kSegmentAtZero,    ///< and the kernel cannot be moved; where: its header; thing: where it lies
  kSegmentsOverlap,  ///< where: header of the later in the file, which is thing; obstacle: the other
  kNoteCut,          ///< a note's header passes the end of subject; where; found, wanted (Size)
  kNoteTooLong,   ///< a note passes the end of subject; where; found text; wanted (Size): what is left for it
  kNotesOverlap,  ///< notes to read are more than the file; where: subject's header; wanted (Size): the file
  kTooManyNotes,  ///< subject; where: the first one too many; wanted: the most that are read, a number
  kNoEntryNote,   ///< found: how many notes there are
  kForeignEntryNote,    ///< where: the note; found: its owner; wanted
  kEntryNotesDisagree,  ///< subject; where: the later; found (Hex); wanted text: value and place of the
                        ///< earlier
  kDescriptorSize,      ///< subject; where: the note; found number of bytes; wanted text
  kEntryTooHigh,        ///< subject; where: the note; found (Hex); wanted (Hex): the highest possible
  kEntryOutside,  ///< subject; where: the note; found (Hex); thing: from the lowest to the highest segment
  kEntryInZeros,  ///< subject; where: the note; found (Hex); thing: the segment's zero part
  kRelocationAlignment,  ///< subject; where: note, or segment's header; found (Hex); wanted text
  kRelocationRange,      ///< subject; where: the note; found (Hex) lowest start; wanted (Hex) highest byte
  kRelocationNotesDisagree,  ///< subject; where: the later; found text; wanted text: limits and place of the
                             ///< earlier

  // image: compressions and containers.
  kNoAddressSpace,  ///< the host has no room for the unpacked bytes: wanted (Size)
  // In these, subject is "the xz data", and `where` how far into the packed bytes the library had come.
  kUnpackedTooLarge,   ///< the output passes the limit (--max-unpacked): subject, where, wanted (Size)
  kPackedTruncated,    ///< the packed bytes end too early: subject, where
  kPackedCorrupt,      ///< they cannot be right: subject, where, found (the library's message)
  kPackedUnsupported,  ///< they need what we do not have: subject, where, found (text)
  kPackedNeedsMemory,  ///< unpacking needs too much memory: subject, where, found (Size), wanted (Size: most)
  kUnpackedSize,       ///< not the size that the bzImage says: subject, where (of it), found, wanted (Size)
  kBzImageTooOld,      ///< setup protocol before 2.08: where, found (text: "2.04")
  kBzImageTruncated,   ///< the file ends inside `subject`: where (it begins), found (Size: file), wanted
                       ///< (Size)
  kBzImageVersionText,   ///< the version string lies outside or does not end: where (of its pointer), found
                         ///< (Hex)
  kBzImagePayloadEmpty,  ///< no room for more than its size: where (its length), found (Size), wanted (Size:
                         ///< more)
  kBzImagePayload,       ///< the payload is neither compressed nor ELF: where, found (text: its first bytes)
  kPeTruncated,  ///< the file ends inside `subject`: where (it begins), found (Size: file), wanted (Size)
  kPeMachine,    ///< not an x86 program: where, found (text: the machine)
  kPeNoKernel,   ///< a PE file without section .linux: subject
  kPeDuplicateSection,  ///< a section's name comes twice: subject, where (second header)
  kPeSectionOutside,    ///< a section lies outside the file: subject, where (it begins), found (Size), wanted
                        ///< (Size)
  kPeNulInText,         ///< a NUL inside a text section: subject, where (of the NUL)
  kNestedTooDeep,       ///< wrapped more often than we follow: wanted (the most layers)
  kNoKernelInside,  ///< what was unwrapped is no kernel: subject, where (it begins), found (as kNotAKernel)

  // board: what a machine cannot have.
  kCpuCount,              ///< found: CPUs asked for; wanted: how many can be described ("1 to 1024")
  kTooManyVirtioDevices,  ///< found: devices asked for; wanted: the most that the board has slots for

  // boot: what a plan cannot satisfy.
  kMemorySize,            ///< 0, no multiple of 4 KiB, or too much: found, wanted (the most)
  kStartInfoVersion,      ///< found, wanted
  kCommandLineNul,        ///< subject, where, found
  kCommandLineNotAscii,   ///< subject, where, found
  kNotRelocatable,        ///< another load address without note 19: found, wanted (the linked address)
  kNotRandomizable,       ///< a random load address without note 19: thing
  kLoadAddressUnaligned,  ///< found, wanted (the alignment)
  kLoadAddressTooLow,     ///< found, wanted (the lowest)
  kLoadAddressTooHigh,    ///< found, wanted (the highest last byte), thing (the kernel, its size)
  kRangeMeetsBoard,       ///< a user's range over what the board needs: thing, obstacle
  kRamNotBacked,          ///< a user's RAM where there is none: thing, obstacle (the guest's memory)
  kKernelAtZero,          ///< thing
  kKernelAbove4GiB,       ///< thing
  kMeetsReserved,         ///< what has a fixed place meets what is not RAM: thing, obstacle
  kOutsideRam,        ///< what has a fixed place lies beyond memory: thing, obstacle, memory_that_would_do
  kNeverInRam,        ///< … whatever the guest's memory: thing, obstacle
  kNoKernelPosition,  ///< no place within note 19's limits: thing, obstacle (the limits), found (the
                      ///< guest's memory), wanted (the alignment), memory_that_would_do
  kNoKernelPositionEver,  ///< … whatever the guest's memory: thing, obstacle, found, wanted
  kNoRoom,           ///< thing, obstacle (the largest that has its place), found (the largest free piece),
                     ///< memory_that_would_do
  kNoRoomEver,       ///< … whatever the guest's memory: thing, obstacle, found
  kRegionNotMemory,  ///< what is loaded lies outside the memory that was supplied: thing

  // engine and qemu: what an engine cannot do.
  kHostCall,            ///< the host refused (subject: what was tried; found: its reason)
  kProgramNotRunnable,  ///< the program is there, but cannot be started (subject: its name; found: the
                        ///< reason)
  kNoGuestMemory,    ///< the host cannot give the guest its memory (wanted: size; found: the host's reason)
  kTooManyCpus,      ///< more than the engine's machine has room for (found, wanted: counts)
  kTooMuchMemory,    ///< more than the engine can present (found, wanted: sizes)
  kQemuMissing,      ///< no such program (subject: its name)
  kQemuTooOld,       ///< (subject: the program; found: its version; wanted: the oldest that will do)
  kQemuDied,         ///< ended by itself (subject: the program; found: how, and the last lines that it said)
  kDescriptorLimit,  ///< the process may have no more descriptors: subject, found as kHostCall's
  kKvmMissing,       ///< no such device (subject: its path)
  kKvmForbidden,     ///< this user may not open it (subject: its path)
  kKvmTooOld,        ///< (subject: its path; found, wanted: text)
  kSandbox,          ///< the host does not confine the monitor (subject: what it refused; found: its reason)

  // virtio: a disk's file, where it is none that any file can be (see cli), and what becomes of it.
  kDiskSize,    ///< no multiple of a sector: subject, found (Size), wanted (Size)
  kDiskFormat,  ///< not raw: subject, found (text: the format)
  kDiskInUse,   ///< open elsewhere: subject, wanted (text: "read" or "written")
  kDiskFailed,  ///< while the guest runs: subject, where, wanted (text: "read", …), found (text: the reason)
  kTapMissing,  ///< no interface has that name: subject (it)
  kTapKind,     ///< it is no tap: subject
  kTapForbidden,      ///< somebody else's: subject
  kTapInUse,          ///< another process has it: subject
  kTapFailed,         ///< the host refused: subject, found (text: its reason)
  kTunMissing,        ///< no such device: subject (its path)
  kTunForbidden,      ///< it may not be opened: subject (its path), found (text: the host's reason)
  kSocketMissing,     ///< no such device: subject (its path)
  kSocketFailed,      ///< the host refused: subject (its path), found (text: its reason)
  kSocketInUse,       ///< another guest's CID: found (it)
  kNetGone,           ///< while the guest runs: subject, found (text: why)
  kPasstMissing,      ///< no such program: subject (its name)
  kPasstFailed,       ///< found (text: what it said)
  kForwardInUse,      ///< a port of the host's: subject (it)
  kForwardForbidden,  ///< the same, as only root may have it
  kForwardFailed,     ///< the same: subject, found (text: the host's reason)

  // cache: what is kept from one start to the next. A boot goes on without; only `pvh cache` says these.
  kCacheForeign,  ///< the directory may hold what others wrote: subject (its path), found (text: why)
  kCacheFailed,   ///< the host refused: subject (its path), found (text: its reason)

  // conform: captures, and the producers that are asked for them.
  kCaptureNotJson,     ///< found: what the JSON reader says
  kCaptureFormat,      ///< the capture's format number: found, wanted
  kCaptureMember,      ///< subject: the member's path; found, wanted: text
  kCaptureTooLarge,    ///< found, wanted (Size: the most)
  kUnknownProducer,    ///< subject: its name; wanted: those that there are
  kNoKernelPlace,      ///< a template does not name {kernel}: subject: the template; wanted: {kernel}
  kUnknownVariant,     ///< of a start of day: subject: its name
  kVariantImpossible,  ///< this kernel or machine does not allow it: found (text: why)
  kProducerFailed,     ///< it could not be run to its end: subject: its name; found: why, text
  kOpenTemplate,       ///< a quote or a bracket of a command is not one of two: subject: the template; found:
                       ///< which
  kUnknownPlace,  ///< what stands in { } in a command: subject: the template; found: it; wanted: those that
                  ///< there are

  // cli: files and arguments. In these, subject is what the file was to be: "the kernel", "module 2".
  kFileMissing,       ///< subject
  kFileUnreadable,    ///< this user may not: subject, wanted (text: "read" or "written")
  kFileIsDirectory,   ///< subject
  kFileIsSpecial,     ///< subject, found (text: "a FIFO"), wanted (text: "a regular file")
  kFileEmpty,         ///< subject
  kFileFailed,        ///< the system refused: subject, wanted (text: "opened"), found (text: its reason)
  kOutputIsTerminal,  ///< an ELF file is not for people's eyes
  kOutputFailed,      ///< could not be written: found (text: the system's reason)

  kCount_,  ///< how many there are; not a fault
};

/// A number that a person reads in hexadecimal (an address, a flag word).
struct Hex {
  std::uint64_t value = 0;
  bool operator==(const Hex&) const = default;
};

/// A size in bytes, which a person reads with its unit.
struct Size {
  std::uint64_t bytes = 0;
  bool operator==(const Size&) const = default;
};

using Fact = std::variant<std::monostate, std::uint64_t, Hex, Size, std::string>;

/// Something that takes room, for errors about two things that do not fit (PLACE-2).
struct Thing {
  std::string name;
  std::optional<GuestRange> range = {};    ///< where it lies or would lie
  std::optional<std::uint64_t> size = {};  ///< where it lies nowhere yet
  bool operator==(const Thing&) const = default;
};

struct Error {
  Fault what;
  Clause clause = Clause::kNone;
  std::string subject = {};                 ///< the thing: "segment 2", "section .linux", a file's name
  std::string within = {};                  ///< what `where` counts in; empty: the file itself
  std::optional<std::uint64_t> where = {};  ///< offset in bytes
  Fact found = {};
  Fact wanted = {};
  std::optional<Thing> thing = {};                         ///< PLACE-2: what was to be placed …
  std::optional<Thing> obstacle = {};                      ///< … and what stands in its way
  std::optional<std::uint64_t> memory_that_would_do = {};  ///< bytes
};

template <class T>
using Result = std::expected<T, Error>;

/// The three answers of a reader: an error (mine, but broken), nothing (not mine), or the value.
/// Only "not mine" lets another reader try.
template <class T>
using Parsed = std::expected<std::optional<T>, Error>;

}  // namespace pvh
