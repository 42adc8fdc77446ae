// What is read from sound ELF files, the odd ones included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pvh/image/elf.hpp"
#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The views of the result point into `file`.
ElfFile read(const Octets& file) {
  auto elf = read_elf(file);
  EXPECT_TRUE(elf.has_value());
  if (!elf || !*elf) {
    ADD_FAILURE() << "not read";
    return {};
  }
  return **std::move(elf);
}

std::vector<std::uint32_t> types_of(const ElfFile& elf) {
  std::vector<std::uint32_t> types;
  for (const Note& note : elf.notes) types.push_back(note.type);
  return types;
}

class BothClasses : public ::testing::TestWithParam<ElfClass> {};

TEST_P(BothClasses, AreReadToTheSameForm) {
  auto builder = ElfBuilder::bootable(GetParam());
  builder.segment({.flags = 5, .paddr = 0x200000, .bytes = filled(0x10, 7), .memory_size = 0x3000});
  const Octets file = builder.e_entry(0x1234).build();
  const ElfFile elf = read(file);

  EXPECT_EQ(elf.elf_class, GetParam());
  EXPECT_EQ(elf.machine, GetParam() == ElfClass::k32 ? Machine::k386 : Machine::kX86_64);
  EXPECT_EQ(elf.e_entry, 0x1234U);
  EXPECT_EQ(elf.bytes.data(), file.data());
  ASSERT_THAT(elf.segments, SizeIs(2));
  const Segment& segment = elf.segments[1];
  EXPECT_EQ(segment.memory, GuestRange::from_size(GuestAddress(0x200000), 0x3000));
  EXPECT_EQ(segment.bytes.size(), 0x10U);
  EXPECT_EQ(segment.bytes[0], std::byte{7});
  EXPECT_EQ(segment.bytes.data(), file.data() + segment.file_offset);
  EXPECT_EQ(segment.flags, 5U);
  EXPECT_EQ(segment.alignment, 0x1000U);
  EXPECT_EQ(segment.header_offset, builder.program_header(2));
  ASSERT_THAT(elf.notes, SizeIs(1));
  EXPECT_EQ(elf.notes[0].owner, "Xen");
  EXPECT_EQ(elf.notes[0].type, 18U);
  EXPECT_EQ(read_le<std::uint32_t>(elf.notes[0].desc, 0), 0x100000U);
}

INSTANTIATE_TEST_SUITE_P(Elf, BothClasses, ::testing::Values(ElfClass::k32, ElfClass::k64),
                         [](const auto& test) { return test.param == ElfClass::k32 ? "Elf32" : "Elf64"; });

TEST(Elf, IsNotMineWithoutTheFourMagicBytes) {
  for (const Octets& file :
       {Octets{}, filled(1, 0x7f), filled(4096, 0), le<std::uint8_t>({0x7f, 'E', 'L'})}) {
    const auto elf = read_elf(file);
    ASSERT_TRUE(elf.has_value());
    EXPECT_FALSE(elf->has_value());
  }
}

TEST(Elf, LoadsPositionIndependentFilesLikeAnyOther) {
  EXPECT_THAT(read(ElfBuilder::bootable().e_type(3).build()).segments, SizeIs(1));
}

TEST(Elf, HasNoUseForEEntry) {
  EXPECT_EQ(read(ElfBuilder::bootable().e_entry(0).build()).e_entry, 0U);
}

TEST(Elf, ReservesBssThatHasNoByteInTheFile) {
  // Its offset means nothing: linkers write what they like.
  const Octets file = ElfBuilder::bootable()
                          .segment({.paddr = 0x300000, .memory_size = 0x5000, .claimed_offset = 0xffffff0000})
                          .build();
  const ElfFile elf = read(file);
  ASSERT_THAT(elf.segments, SizeIs(2));
  EXPECT_THAT(elf.segments[1].bytes, IsEmpty());
  EXPECT_EQ(elf.segments[1].memory.size(), 0x5000U);
}

TEST(Elf, SkipsLoadableSegmentsWithoutMemory) {
  EXPECT_THAT(read(ElfBuilder::bootable().load(0, {}).load(0x100000, {}).build()).segments, SizeIs(1));
}

TEST(Elf, SkipsSegmentsThatAreNotLoaded) {
  // PT_GNU_STACK, with sizes that would be wrong for a segment that is.
  const Octets file =
      ElfBuilder::bootable().segment({.type = 0x6474e551, .claimed_file_size = UINT64_MAX}).build();
  EXPECT_THAT(read(file).segments, SizeIs(1));
}

TEST(Elf, KeepsSegmentsInFileOrder) {
  const ElfFile elf = read(ElfBuilder{}.load(0x300000, filled(16)).load(0x100000, filled(16)).build());
  ASSERT_THAT(elf.segments, SizeIs(2));
  EXPECT_EQ(elf.segments[0].memory.start(), GuestAddress(0x300000));
}

TEST(Elf, AllowsSegmentsThatTouch) {
  EXPECT_THAT(read(ElfBuilder{}.load(0x1000, filled(16), 0x1000).load(0x2000, filled(16)).build()).segments,
              SizeIs(2));
}

TEST(Elf, ReadsSegmentsAboveFourGiB) {
  const ElfFile elf = read(ElfBuilder::bootable().load(0x100000000000, filled(16), kGiB).build());
  ASSERT_THAT(elf.segments, SizeIs(2));
  EXPECT_EQ(elf.segments[1].memory.start(), GuestAddress(0x100000000000));
}

TEST(Elf, AllowsASegmentThatEndsAtTheLastAddress) {
  EXPECT_THAT(read(ElfBuilder{}.load(kAddressLimit - 0x1000, filled(16), 0x1000).build()).segments,
              SizeIs(1));
}

TEST(Elf, TakesTheNotesOfEverySegment) {
  const Octets file =
      ElfBuilder::bootable().notes({property_note()}, 8).notes({{"Linux", 1, u32(0)}}).build();
  EXPECT_THAT(types_of(read(file)), ElementsAre(18, 5, 1));
}

TEST(Elf, GivesNotesInFileOrderWhateverTheHeadersOrder) {
  // The first header points to the second's notes and the other way round.
  auto builder = ElfBuilder{}.load(0x100000, filled(16)).notes({{"A", 1}}).notes({{"B", 2}});
  Octets file = builder.build();
  const std::uint64_t first = builder.program_header(1);
  const std::uint64_t second = builder.program_header(2);
  for (std::uint64_t i = 0; i < builder.program_header_size(); ++i)
    std::swap(file[first + i], file[second + i]);
  EXPECT_THAT(types_of(read(file)), ElementsAre(1, 2));
}

TEST(Elf, SearchesNoteSectionsWhereThereIsNoNoteSegment) {
  for (const ElfClass elf_class : {ElfClass::k32, ElfClass::k64}) {
    const Octets file = ElfBuilder(elf_class)
                            .load(0x100000, filled(16))
                            .section({.type = 1, .bytes = filled(20)})
                            .section({.bytes = encode(entry_note(0x100000))})
                            .section({.bytes = encode(property_note()), .alignment = 8})
                            .build();
    EXPECT_THAT(types_of(read(file)), ElementsAre(18, 5));
  }
}

TEST(Elf, SearchesNoteSectionsWhereTheNoteSegmentIsEmpty) {
  const Octets file = ElfBuilder{}
                          .load(0x100000, filled(16))
                          .notes({})
                          .section({.bytes = encode(entry_note(0x100000))})
                          .build();
  EXPECT_THAT(types_of(read(file)), ElementsAre(18));
}

TEST(Elf, DoesNotLookAtSectionsWhereThereIsANoteSegment) {
  Octets file = ElfBuilder::bootable().section({.bytes = filled(4, 0xff)}).build();
  EXPECT_THAT(types_of(read(file)), ElementsAre(18));
  put<std::uint64_t>(file, 40, UINT64_MAX);  // e_shoff
  EXPECT_THAT(types_of(read(file)), ElementsAre(18));
}

TEST(Elf, ReadsASectionCountFromTheFirstSectionWhereItDoesNotFitTheHeader) {
  Octets file =
      ElfBuilder{}.load(0x100000, filled(16)).section({.bytes = encode(entry_note(0x100000))}).build();
  const std::uint64_t table = read_le<std::uint64_t>(file, 40).value();
  put<std::uint16_t>(file, 60, 0);          // e_shnum
  put<std::uint64_t>(file, table + 32, 2);  // sh_size of the null section
  EXPECT_THAT(types_of(read(file)), ElementsAre(18));
}

TEST(Elf, HasNoNotesWithoutNoteSegmentAndSectionTable) {
  EXPECT_THAT(read(ElfBuilder{}.load(0x100000, filled(16)).build()).notes, IsEmpty());
}

TEST(Elf, FindsAnOverlapAmongSixtyThousandSegmentsInTime) {
  // Quadratic work here would be seen: four thousand million comparisons.
  ElfBuilder builder;
  for (std::uint64_t i = 60'000; i > 0; --i) builder.load(i * 0x1000, {}, 0x1000);
  EXPECT_THAT(read(builder.build()).segments, SizeIs(60'000));
  builder.load(0x1000fff, {}, 1);
  const auto elf = read_elf(builder.build());
  ASSERT_FALSE(elf.has_value());
  EXPECT_EQ(elf.error().what, Fault::kSegmentsOverlap);
}

}  // namespace
}  // namespace pvh::image
