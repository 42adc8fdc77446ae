// The table of malformed ELF files: what is wrong with each, by which clause, and where.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "pvh/image/kernel_image.hpp"
#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;

constexpr std::uint64_t kBase = 0x100000;
/// In `ElfBuilder::bootable()`: ELF header, two program headers, a page of code, the notes.
constexpr std::uint64_t kHeader1 = 64;
constexpr std::uint64_t kHeader2 = kHeader1 + 56;
constexpr std::uint64_t kHeader3 = kHeader2 + 56;
constexpr std::uint64_t kCode = kHeader3;
constexpr std::uint64_t kNotes = kCode + 0x1000;
/// With one more program header the contents move up, to a multiple of 16.
constexpr std::uint64_t kNotes3 = 240 + 0x1000;

struct Malformation {
  std::string name;
  std::function<Octets()> file;
  Fault what;
  Clause clause;
  std::optional<std::uint64_t> where;
};

void PrintTo(const Malformation& malformation, std::ostream* out) {
  *out << malformation.name;
}

/// The bootable image with one integer overwritten.
template <class T>
std::function<Octets()> patched(std::uint64_t offset, T value, ElfClass elf_class = ElfClass::k64) {
  return [=] {
    Octets file = ElfBuilder::bootable(elf_class).build();
    put<T>(file, offset, value);
    return file;
  };
}

std::function<Octets()> cut_to(std::size_t size, ElfClass elf_class = ElfClass::k64) {
  return [=] {
    Octets file = ElfBuilder::bootable(elf_class).build();
    file.resize(size);
    return file;
  };
}

/// The bootable image and one more segment.
std::function<Octets()> with_segment(const SegmentSpec& spec) {
  return [=] { return ElfBuilder::bootable().segment(spec).build(); };
}

/// A page of code and these notes.
std::function<Octets()> with_notes(const std::vector<NoteSpec>& notes, std::uint64_t alignment = 4) {
  return [=] { return ElfBuilder{}.load(kBase, filled(0x1000)).notes(notes, alignment).build(); };
}

/// No PT_NOTE, one note section, and one integer of the ELF header overwritten.
template <class T>
std::function<Octets()> with_section(std::uint64_t offset, T value) {
  return [=] {
    Octets file = ElfBuilder{}.load(kBase, filled(16)).section({.bytes = encode(entry_note(kBase))}).build();
    put<T>(file, offset, value);
    return file;
  };
}

/// 64 + 56 bytes of headers, 16 of code at 0x80 and 20 of note: the section table is at 0xb0.
constexpr std::uint64_t kSections = 0xb0;

Octets note_segments_over_the_same_bytes() {
  // Zeros are padding, so that each walk over them is as long as it can be.
  ElfBuilder builder = ElfBuilder{}.load(kBase, filled(0x1000, 0)).notes({entry_note(kBase)});
  const std::uint64_t zeros = builder.program_header(2 + 100);
  for (int i = 0; i < 100; ++i)
    builder.segment({.type = 4, .claimed_offset = zeros, .claimed_file_size = 0x1000});
  return builder.build();
}

Octets too_many_notes() {
  Octets notes;
  for (int i = 0; i < 65'537; ++i) {
    const Octets note = encode(NoteSpec{"", 1, {}, 4, false});
    notes.insert(notes.end(), note.begin(), note.end());
  }
  return ElfBuilder{}.load(kBase, filled(0x1000)).note_bytes(notes).build();
}

Octets too_many_note_sections() {
  ElfBuilder builder = ElfBuilder{}.load(kBase, filled(16)).section({.bytes = {}});
  Octets file = builder.build();
  const std::uint64_t table = read_le<std::uint64_t>(file, 40).value();
  const Octets section(file.end() - 64, file.end());
  for (int i = 0; i < 65'536; ++i) file.insert(file.end(), section.begin(), section.end());
  put<std::uint16_t>(file, 60, 0);
  put<std::uint64_t>(file, table + 32, 65'538);
  return file;
}

// clang-format off
std::vector<Malformation> malformations() {
  using enum Fault;
  using enum Clause;
  return {
    // The file's header.
    {"NothingBehindTheMagic", cut_to(4), kElfTruncated, kNote5, 0},
    {"IdentCutBeforeItsEnd", cut_to(15), kElfTruncated, kNote5, 0},
    {"HeaderCutBehindTheIdent", cut_to(16), kElfTruncated, kNote5, 0},
    {"HeaderCutBeforeItsLastByte", cut_to(63), kElfTruncated, kNote5, 0},
    {"Header32CutBeforeItsLastByte", cut_to(51, ElfClass::k32), kElfTruncated, kNote5, 0},
    {"NoClass", patched<std::uint8_t>(4, 0), kElfClass, kNote5, 4},
    {"UnknownClass", patched<std::uint8_t>(4, 3), kElfClass, kNote5, 4},
    {"BigEndian", patched<std::uint8_t>(5, 2), kElfBigEndian, kNote5, 5},
    {"NoByteOrder", patched<std::uint8_t>(5, 0), kElfData, kNote5, 5},
    {"WrongVersion", patched<std::uint8_t>(6, 0), kElfVersion, kNote5, 6},
    {"AnArmKernel", patched<std::uint16_t>(18, 183), kElfMachine, kNote5, 18},
    {"AMachineWithoutName", patched<std::uint16_t>(18, 0xfeed), kElfMachine, kNote5, 18},
    {"Elf64With386", patched<std::uint16_t>(18, 3), kElfMachineClass, kNote5, 18},
    {"Elf32WithX86_64", patched<std::uint16_t>(18, 62, ElfClass::k32), kElfMachineClass, kNote5, 18},
    {"AnObjectFile", patched<std::uint16_t>(16, 1), kElfType, kNote5, 16},
    {"ACoreDump", patched<std::uint16_t>(16, 4), kElfType, kNote5, 16},
    {"NoType", patched<std::uint16_t>(16, 0), kElfType, kNote5, 16},

    // The program header table.
    {"ProgramHeadersOfWrongSize", patched<std::uint16_t>(54, 32), kElfEntrySize, kNote5, 54},
    {"ProgramHeaders32OfWrongSize", patched<std::uint16_t>(42, 56, ElfClass::k32), kElfEntrySize, kNote5, 42},
    {"ProgramHeadersOfSizeZero", patched<std::uint16_t>(54, 0), kElfEntrySize, kNote5, 54},
    {"NoProgramHeaders", patched<std::uint16_t>(56, 0), kElfNoSegments, kNote5, 64},
    {"NothingLoadable", [] { return ElfBuilder{}.notes({entry_note(kBase)}).build(); }, kElfNoSegments, kNote5, 64},
    {"OnlySegmentsWithoutMemory", [] { return ElfBuilder{}.load(kBase, {}).build(); }, kElfNoSegments, kNote5, 64},
    {"MoreProgramHeadersThanTheHeaderCounts", patched<std::uint16_t>(56, 0xffff), kElfTooManyHeaders, kNote5, 56},
    {"MoreProgramHeadersThanTheHeader32Counts", patched<std::uint16_t>(44, 0xffff, ElfClass::k32), kElfTooManyHeaders, kNote5, 44},
    {"MoreProgramHeadersThanTheFileHas", patched<std::uint16_t>(56, 0xfffe), kElfTruncated, kNote5, 64},
    {"ProgramHeadersPastTheEnd", patched<std::uint64_t>(32, 0x10000), kElfTruncated, kNote5, 0x10000},
    {"ProgramHeadersThatWrap", patched<std::uint64_t>(32, UINT64_MAX - 8), kElfTruncated, kNote5, UINT64_MAX - 8},
    {"ProgramHeadersCutBeforeTheirLastByte", cut_to(kHeader3 - 1), kElfTruncated, kNote5, 64},

    // Segments.
    {"SegmentLongerInTheFileThanInMemory", with_segment({.paddr = 0x300000, .bytes = filled(16), .memory_size = 15}), kSegmentFileSize, kNote7, kHeader3},
    {"SegmentWithBytesButNoMemory", with_segment({.paddr = 0x300000, .bytes = filled(16), .memory_size = 0}), kSegmentFileSize, kNote7, kHeader3},
    {"SegmentCutBeforeItsLastByte", cut_to(kCode + 0xfff), kElfTruncated, kNote5, kCode},
    {"SegmentPastTheEnd", with_segment({.paddr = 0x300000, .bytes = filled(16), .claimed_offset = 0x100000}), kElfTruncated, kNote5, 0x100000},
    {"SegmentWhoseFileRangeWraps", with_segment({.paddr = 0x300000, .bytes = filled(16), .claimed_offset = UINT64_MAX}), kElfTruncated, kNote5, UINT64_MAX},
    {"SegmentOfTheWholeAddressSpaceInTheFile", with_segment({.paddr = 0x300000, .memory_size = kTiB, .claimed_offset = 1, .claimed_file_size = kTiB}), kElfTruncated, kNote5, 1},
    {"SegmentWhoseMemoryWraps", with_segment({.paddr = UINT64_MAX - 0xfff, .memory_size = 0x2000}), kSegmentAddress, kNote5, kHeader3},
    {"SegmentAtTheAddressLimit", with_segment({.paddr = kAddressLimit, .memory_size = 1}), kSegmentAddress, kNote5, kHeader3},
    {"SegmentThatPassesTheAddressLimit", with_segment({.paddr = kAddressLimit - 1, .memory_size = 2}), kSegmentAddress, kNote5, kHeader3},
    {"SegmentOfHugeMemory", with_segment({.paddr = 0x300000, .memory_size = UINT64_MAX}), kSegmentAddress, kNote5, kHeader3},
    {"SegmentAtZero", with_segment({.paddr = 0, .bytes = filled(16)}), kSegmentAtZero, kStart4, kHeader3},
    {"SegmentAtZeroOf32Bits", [] { return ElfBuilder(ElfClass::k32).load(0, filled(16)).notes({entry_note(8)}).build(); }, kSegmentAtZero, kStart4, 52},
    {"BssAtZero", with_segment({.paddr = 0, .memory_size = 1}), kSegmentAtZero, kStart4, kHeader3},
    {"SegmentsThatOverlap", with_segment({.paddr = kBase + 0xfff, .bytes = filled(16)}), kSegmentsOverlap, kPlace1, kHeader3},
    {"SegmentInsideAnother", with_segment({.paddr = kBase + 8, .bytes = filled(16)}), kSegmentsOverlap, kPlace1, kHeader3},
    {"SegmentTwice", with_segment({.paddr = kBase, .memory_size = 0x1000}), kSegmentsOverlap, kPlace1, kHeader3},
    {"BssThatReachesTheNextSegment", with_segment({.paddr = kBase - 0x1000, .bytes = filled(16), .memory_size = 0x1001}), kSegmentsOverlap, kPlace1, kHeader3},

    // Runs of notes.
    {"NoteSegmentPastTheEnd", with_segment({.type = 4, .claimed_offset = 0x100000, .claimed_file_size = 16}), kElfTruncated, kNote5, 0x100000},
    {"NoteSegmentThatWraps", with_segment({.type = 4, .claimed_offset = 8, .claimed_file_size = UINT64_MAX}), kElfTruncated, kNote5, 8},
    {"NoteSegmentCutBeforeItsLastByte", cut_to(kNotes + 19), kElfTruncated, kNote5, kNotes},
    {"NoteSegmentOfOneByte", [] { return ElfBuilder{}.load(kBase, filled(0x1000)).note_bytes(filled(1, 4)).build(); }, kNoteCut, kNote3, kNotes},
    {"NoteWhoseHeaderIsCut", [] { return ElfBuilder::bootable().note_bytes(filled(11, 4)).build(); }, kNoteCut, kNote3, kNotes3 + 32},
    {"NoteWhoseNameIsTooLong", with_notes({{"Xen", 18, u32(kBase), 4, true, 9}}), kNoteTooLong, kNote3, kNotes},
    {"NoteWhoseNameIsHuge", with_notes({{"Xen", 18, u32(kBase), 4, true, UINT32_MAX}}), kNoteTooLong, kNote3, kNotes},
    {"NoteWhoseDescriptorIsTooLong", with_notes({{"Xen", 18, u32(kBase), 4, true, 4, 5}}), kNoteTooLong, kNote3, kNotes},
    {"NoteWhoseDescriptorIsHuge", with_notes({{"Xen", 18, u32(kBase), 4, true, 4, UINT32_MAX}}), kNoteTooLong, kNote3, kNotes},
    {"NoteWhoseSizesWrapTogether", with_notes({{"Xen", 18, u32(kBase), 4, true, 0x80000000, 0x80000000}}), kNoteTooLong, kNote3, kNotes},
    {"SecondNoteTooLongForTheSegmentAlone", with_notes({entry_note(kBase), {"Xen", 1, u32(0), 4, true, 4, 24}}), kNoteTooLong, kNote3, kNotes + 20},
    {"BrokenNoteInASegmentThatClaimsEight", with_notes({{"Xen", 18, u32(kBase), 4, true, 4, 5}}, 8), kNoteTooLong, kNote3, kNotes},
    {"GarbageBehindTheNotes", [] { return ElfBuilder{}.load(kBase, filled(0x1000)).note_bytes([] { Octets notes = encode(entry_note(kBase)); notes.resize(80, std::byte{0xcc}); return notes; }()).build(); }, kNoteTooLong, kNote3, kNotes + 20},
    {"NoteSegmentsOverTheSameBytes", note_segments_over_the_same_bytes, kNotesOverlap, kNote3, kHeader1 + 4 * 56},
    {"MoreNotesThanAnyKernelHas", too_many_notes, kTooManyNotes, kNote3, kNotes + 65'536 * 12},

    // The section table, where the notes depend on it.
    {"SectionHeadersOfWrongSize", with_section<std::uint16_t>(58, 40), kElfEntrySize, kNote5, 58},
    {"SectionHeadersPastTheEnd", with_section<std::uint64_t>(40, 0x10000), kElfTruncated, kNote5, 0x10000},
    {"SectionHeadersThatWrap", with_section<std::uint64_t>(40, UINT64_MAX), kElfTruncated, kNote5, UINT64_MAX},
    {"MoreSectionHeadersThanTheFileHas", with_section<std::uint16_t>(60, 3), kElfTruncated, kNote5, kSections},
    {"HugeSectionCountInTheFirstSection", [] { Octets file = with_section<std::uint16_t>(60, 0)(); put<std::uint64_t>(file, kSections + 32, UINT64_MAX / 64 + 2); return file; }, kElfTruncated, kNote5, kSections},
    {"SectionCountInAFirstSectionThatIsNotThere", [] { Octets file = with_section<std::uint16_t>(60, 0)(); put<std::uint64_t>(file, 40, file.size() - 63); return file; }, kElfTruncated, kNote5, kSections + 65},
    {"NoteSectionPastTheEnd", with_section<std::uint64_t>(kSections + 64 + 24, 0x10000), kElfTruncated, kNote5, 0x10000},
    {"NoteSectionThatIsBroken", with_section<std::uint32_t>(0x90, 0x100), kNoteTooLong, kNote3, 0x90},
    {"MoreNoteSectionsThanAnyKernelHas", too_many_note_sections, kTooManyNotes, kNote4, 144 + 65'537 * 64},

    // The entry point.
    {"NoNoteAtAll", [] { return ElfBuilder{}.load(kBase, filled(16)).build(); }, kNoEntryNote, kNote1, std::nullopt},
    {"NoNote18", with_notes({property_note(), relocation_note({})}), kNoEntryNote, kNote1, std::nullopt},
    {"EntryNoteOfAnotherOwner", with_notes({{"nuttx", 18, u32(kBase)}}), kForeignEntryNote, kNote1, kNotes},
    {"EntryNoteWhoseOwnerOnlyStartsWithXen", with_notes({{"Xen2", 18, u32(kBase)}}), kForeignEntryNote, kNote1, kNotes},
    {"EntryNoteWhoseOwnerHasNoNul", with_notes({{"Xen", 18, u32(kBase), 4, false}}), kForeignEntryNote, kNote1, kNotes},
    {"EntryNoteWithoutOwner", with_notes({{"", 18, u32(kBase)}}), kForeignEntryNote, kNote1, kNotes},
    {"EntryOfNoBytes", with_notes({{"Xen", 18, {}}}), kDescriptorSize, kNote2, kNotes},
    {"EntryOf2Bytes", with_notes({{"Xen", 18, filled(2)}}), kDescriptorSize, kNote2, kNotes},
    {"EntryOf6Bytes", with_notes({{"Xen", 18, filled(6)}}), kDescriptorSize, kNote2, kNotes},
    {"EntryOf12Bytes", with_notes({{"Xen", 18, filled(12)}}), kDescriptorSize, kNote2, kNotes},
    {"EntryAboveFourGiB", with_notes({{"Xen", 18, u64(kFourGiB + kBase)}}), kEntryTooHigh, kNote2, kNotes},
    {"EntryThatIsAVirtualAddress", with_notes({{"Xen", 18, u64(0xffffffff81000000)}}), kEntryTooHigh, kNote2, kNotes},
    {"EntryOutside", with_notes({entry_note(0x900000)}), kEntryOutside, kNote2, kNotes},
    {"EntryAtZero", with_notes({entry_note(0)}), kEntryOutside, kNote2, kNotes},
    {"EntryRightBehindTheSegment", with_notes({entry_note(kBase + 0x1000)}), kEntryOutside, kNote2, kNotes},
    {"EntryRightBeforeTheSegment", with_notes({entry_note(kBase - 1)}), kEntryOutside, kNote2, kNotes},
    {"EntryInTheHoleBetweenSegments", [] { return ElfBuilder{}.load(kBase, filled(0x1000)).load(0x900000, filled(16)).notes({entry_note(0x800000)}).build(); }, kEntryOutside, kNote2, kNotes3 + 16},
    {"EntryInBss", [] { return ElfBuilder{}.load(kBase, filled(0x1000), 0x2000).notes({entry_note(kBase + 0x1000)}).build(); }, kEntryInZeros, kNote2, kNotes},
    {"EntryNotesThatDisagree", with_notes({entry_note(kBase), entry_note(kBase + 4)}), kEntryNotesDisagree, kNote4, kNotes + 20},
    {"EntryNotesThatDisagreeInTheirHighHalf", with_notes({entry_note(kBase), {"Xen", 18, u64(kFourGiB + kBase)}}), kEntryNotesDisagree, kNote4, kNotes + 20},

    // Relocation.
    {"RelocationOfThreeBytes", with_notes({entry_note(kBase), {"Xen", 19, filled(3)}}), kDescriptorSize, kNote6, kNotes + 20},
    {"RelocationOfFourValues", with_notes({entry_note(kBase), relocation_note({0x1000, 0, 1, 2})}), kDescriptorSize, kNote6, kNotes + 20},
    {"RelocationAlignedToZero", with_notes({entry_note(kBase), relocation_note({0})}), kRelocationAlignment, kNote6, kNotes + 20},
    {"RelocationAlignedToThreePages", with_notes({entry_note(kBase), relocation_note({0x3000})}), kRelocationAlignment, kNote6, kNotes + 20},
    {"RelocationAlignedByASegmentToThreePages", [] { return ElfBuilder{}.segment({.paddr = kBase, .bytes = filled(16), .alignment = 0x3000}).notes({entry_note(kBase), relocation_note({})}).build(); }, kRelocationAlignment, kNote6, kHeader1},
    {"RelocationWhoseLowestIsAboveItsHighest", with_notes({entry_note(kBase), relocation_note({0x1000, 0x2000, 0x1fff})}), kRelocationRange, kNote6, kNotes + 20},
    {"RelocationNotesThatDisagree", with_notes({entry_note(kBase), relocation_note({0x1000}), relocation_note({0x2000})}), kRelocationNotesDisagree, kNote4, kNotes + 40},
  };
}
// clang-format on

class MalformedElf : public ::testing::TestWithParam<Malformation> {};

TEST_P(MalformedElf, IsNamedWithItsClauseAndPlace) {
  const Octets file = GetParam().file();
  auto elf = read_elf(file);
  const auto image = elf ? kernel_image(**std::move(elf)) : Result<KernelImage>(std::unexpected(elf.error()));
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(static_cast<int>(image.error().what), static_cast<int>(GetParam().what));
  EXPECT_EQ(clause_id(image.error().clause), clause_id(GetParam().clause));
  if (GetParam().where) {
    EXPECT_EQ(image.error().where, GetParam().where);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, MalformedElf, ::testing::ValuesIn(malformations()),
                         [](const auto& test) { return test.param.name; });

TEST(ElfErrors, TellsHowMuchOfASegmentTheFileHas) {
  Octets file = ElfBuilder::bootable().build();
  file.resize(kCode + 0x234);
  const auto elf = read_elf(file);
  ASSERT_FALSE(elf.has_value());
  EXPECT_EQ(elf.error().subject, "segment 0");
  EXPECT_EQ(elf.error().found, Fact(Size{0x234}));
  EXPECT_EQ(elf.error().wanted, Fact(Size{0x1000}));
}

TEST(ElfErrors, TellsBothSegmentsThatOverlap) {
  const auto elf = read_elf(ElfBuilder::bootable().load(kBase - 0x1000, filled(16), 0x1800).build());
  ASSERT_FALSE(elf.has_value());
  const auto range = [](std::uint64_t start, std::uint64_t size) {
    return GuestRange::from_size(GuestAddress(start), size);
  };
  EXPECT_EQ(elf.error().thing,
            (Thing{.name = "segment 2", .range = range(kBase - 0x1000, 0x1800), .size = {}}));
  EXPECT_EQ(elf.error().obstacle, (Thing{.name = "segment 0", .range = range(kBase, 0x1000), .size = {}}));
}

TEST(ElfErrors, NeverReadsPastATruncation) {
  // Every prefix of a sound file is an error (or not an ELF file), never a crash: sanitizers watch.
  for (const ElfClass elf_class : {ElfClass::k32, ElfClass::k64}) {
    const Octets whole = ElfBuilder(elf_class)
                             .load(kBase, filled(64))
                             .notes({property_note(), entry_note(kBase), relocation_note({0x1000})}, 8)
                             .build();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Octets prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto elf = read_elf(prefix);
      const bool refused = size < 4 ? elf.has_value() && !elf->has_value() : !elf.has_value();
      EXPECT_TRUE(refused) << size;
    }
  }
}

}  // namespace
}  // namespace pvh::image
