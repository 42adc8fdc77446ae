// Reading runs of notes (NOTE-3), as toolchains make them and as nobody should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "pvh/image/elf.hpp"
#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;
using ::testing::ElementsAre;

Octets concat(std::initializer_list<Octets> parts) {
  Octets out;
  for (const Octets& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Octets file_with(Octets note_bytes, std::uint64_t alignment) {
  return ElfBuilder{}.load(0x100000, filled(0x1000)).note_bytes(std::move(note_bytes), alignment).build();
}

/// Owner and type of each note, or the fault.
std::vector<std::string> notes_of(Octets note_bytes, std::uint64_t alignment) {
  const Octets file = file_with(std::move(note_bytes), alignment);
  const auto elf = read_elf(file);
  if (!elf) return {"fault " + std::to_string(static_cast<int>(elf.error().what))};
  std::vector<std::string> texts;
  for (const Note& note : (*elf)->notes)
    texts.push_back(std::string(note.owner) + " " + std::to_string(note.type));
  return texts;
}

/// The entry that Xen's note 18 names, if it is read.
std::optional<std::uint32_t> entry_in(Octets note_bytes, std::uint64_t alignment) {
  const Octets file = file_with(std::move(note_bytes), alignment);
  const auto elf = read_elf(file);
  if (!elf) return std::nullopt;
  for (const Note& note : (*elf)->notes)
    if (note.owner == "Xen" && note.type == 18) return read_le<std::uint32_t>(note.desc, 0);
  return std::nullopt;
}

const NoteSpec kBuildId{"GNU", 3, filled(20, 0x5a)};
const NoteSpec kLinux{"Linux", 257, u32(1)};

NoteSpec eight(NoteSpec note) {
  note.padding = 8;
  return note;
}

TEST(Notes, ArePaddedToFourByDefault) {
  EXPECT_THAT(notes_of(encode({kLinux, entry_note(1), kBuildId}), 4),
              ElementsAre("Linux 257", "Xen 18", "GNU 3"));
}

TEST(Notes, ArePaddedToFourAlsoWhereTheSegmentClaimsEight) {
  EXPECT_THAT(notes_of(encode({entry_note(1), kLinux, entry_note(1), kBuildId}), 8),
              ElementsAre("Xen 18", "Linux 257", "Xen 18", "GNU 3"));
}

TEST(Notes, FindTheEntryBehindAnEightAlignedPropertyNote) {
  for (const std::size_t desc_size : {0x10U, 0x20U}) {
    EXPECT_EQ(entry_in(encode({property_note(desc_size), entry_note(0x100040)}), 8), 0x100040U);
    EXPECT_EQ(entry_in(encode({property_note(desc_size), kLinux, kBuildId, entry_note(0x100040)}), 8),
              0x100040U);
  }
}

TEST(Notes, FindTheEntryBeforeAPropertyNoteThatTheLinkerAligned) {
  // A 4-padded section of 20 bytes, 4 bytes of gap, then the 8-aligned section.
  const Octets notes =
      concat({encode(entry_note(0x100040)), filled(4, 0), encode(property_note()), encode(kLinux)});
  EXPECT_THAT(notes_of(notes, 8), ElementsAre("Xen 18", "GNU 5", "Linux 257"));
  EXPECT_EQ(entry_in(notes, 8), 0x100040U);
}

TEST(Notes, ReadTheDescriptorBeforeSuchAGapByFour) {
  // "Linux" and its NUL are 6 bytes: the padding of the name decides where the descriptor lies.
  const Octets file = file_with(
      concat({encode(NoteSpec{"Linux", 1, u64(0x1122334455667788)}), filled(4, 0), encode(property_note())}),
      8);
  const auto elf = read_elf(file);
  ASSERT_TRUE(elf.has_value());
  ASSERT_EQ((*elf)->notes.size(), 2U);
  EXPECT_EQ(read_le<std::uint64_t>((*elf)->notes[0].desc, 0), 0x1122334455667788U);
}

TEST(Notes, FallBackToEightWhereTheyAreSoPadded) {
  const Octets notes = encode({eight(kLinux), eight(entry_note(0x100040)), eight(kBuildId)});
  EXPECT_THAT(notes_of(notes, 8), ElementsAre("Linux 257", "Xen 18", "GNU 3"));
  EXPECT_EQ(entry_in(notes, 8), 0x100040U);
}

TEST(Notes, DoNotFallBackToEightWhereTheSegmentDoesNotClaimIt) {
  EXPECT_EQ(entry_in(encode({eight(kLinux), eight(entry_note(1)), eight(kBuildId)}), 4), std::nullopt);
}

TEST(Notes, MayClaimAnAlignmentOfZeroOrOne) {
  for (const std::uint64_t alignment : {0U, 1U, 2U, 3U, 16U})
    EXPECT_EQ(entry_in(encode({kLinux, entry_note(0x100040)}), alignment), 0x100040U);
}

TEST(Notes, MayEndInZeros) {
  for (const std::size_t count : {1U, 4U, 11U, 12U, 13U, 5000U})
    EXPECT_THAT(notes_of(concat({encode(entry_note(1)), filled(count, 0)}), 4), ElementsAre("Xen 18"));
}

TEST(Notes, MayBeNothingButZeros) {
  EXPECT_THAT(notes_of(filled(4096, 0), 8), ElementsAre());
}

TEST(Notes, MayEndWithoutTheirLastPadding) {
  Octets notes = encode({entry_note(1), NoteSpec{"GNU", 3, filled(5, 1)}});
  notes.resize(notes.size() - 3);
  EXPECT_THAT(notes_of(notes, 4), ElementsAre("Xen 18", "GNU 3"));
  notes.pop_back();
  EXPECT_THAT(notes_of(notes, 4),
              ElementsAre("fault " + std::to_string(static_cast<int>(Fault::kNoteTooLong))));
}

TEST(Notes, MayEndWithANameAlone) {
  Octets notes = encode(NoteSpec{"AB", 7});
  notes.pop_back();
  EXPECT_THAT(notes_of(notes, 4), ElementsAre("AB 7"));
}

TEST(Notes, MayHaveNeitherNameNorDescriptor) {
  EXPECT_THAT(notes_of(encode({NoteSpec{"", 9, {}, 4, false}, entry_note(1)}), 4),
              ElementsAre(" 9", "Xen 18"));
}

TEST(Notes, KeepAnOwnerWithoutItsNul) {
  const Octets file = file_with(encode(NoteSpec{"Xen", 18, u32(1), 4, false}), 4);
  const auto elf = read_elf(file);
  ASSERT_TRUE(elf.has_value());
  EXPECT_EQ((*elf)->notes.at(0).owner, "Xen");
  EXPECT_FALSE((*elf)->notes.at(0).terminated);
}

TEST(Notes, SayWhereTheReadingByFourFailed) {
  // No padding rescues this one; what is reported is the place that the rule (4) leads to.
  const Octets file =
      file_with(encode({entry_note(1), entry_note(1), NoteSpec{"GNU", 3, {}, 4, true, 4, 0x1000}}), 8);
  const auto elf = read_elf(file);
  ASSERT_FALSE(elf.has_value());
  EXPECT_EQ(elf.error().what, Fault::kNoteTooLong);
  EXPECT_EQ(elf.error().where, 64U + 2 * 56 + 0x1000 + 2 * 20);
}

TEST(Notes, CostLinearTimeWhereEveryPaddingIsTried) {
  // Each note can be padded two ways, and no way leads to the end: 3^n ways unless dead ends are remembered.
  Octets notes;
  for (int i = 0; i < 30'000; ++i) {
    const Octets note = encode(NoteSpec{"", 1, u32(0), 4, false});
    notes.insert(notes.end(), note.begin(), note.end());
  }
  notes.insert(notes.end(), 12, std::byte{0xff});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(entry_in(notes, 8), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace pvh::image
