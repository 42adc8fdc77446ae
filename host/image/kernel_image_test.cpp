// Which ELF files can be booted directly, and what their notes say.
#include "pvh/image/kernel_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pvh/image_testing/elf_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;

constexpr std::uint64_t kBase = 0x100000;

Result<KernelImage> image_of(const Octets& file) {
  auto elf = read_elf(file);
  if (!elf) return std::unexpected(elf.error());
  return kernel_image(**std::move(elf));
}

/// A page of code at `kBase`, and these notes.
ElfBuilder with(const std::vector<NoteSpec>& notes) {
  return ElfBuilder{}.load(kBase, filled(0x1000)).notes(notes);
}

KernelImage good(const ElfBuilder& builder) {
  auto image = image_of(builder.build());
  EXPECT_TRUE(image.has_value());
  return image ? *std::move(image)
               : KernelImage{.elf = {},
                             .entry = {},
                             .entry_note_offset = 0,
                             .extent = *GuestRange::from_size(GuestAddress(1), 1),
                             .relocation = {}};
}

TEST(KernelImage, TakesItsEntryFromNote18OfEitherSize) {
  EXPECT_EQ(good(with({entry_note(kBase + 4)})).entry, GuestAddress(kBase + 4));
  EXPECT_EQ(good(with({{"Xen", 18, u64(kBase + 4)}})).entry, GuestAddress(kBase + 4));
}

TEST(KernelImage, SaysWhereItsEntryNoteLies) {
  const auto builder = with({property_note(), entry_note(kBase)});
  const Octets file = builder.build();
  const auto image = image_of(file);
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->entry_note_offset, image->elf.notes[1].offset);
  EXPECT_EQ(read_le<std::uint32_t>(file, image->entry_note_offset + 8), 18U);
}

TEST(KernelImage, DoesNotCareForEEntry) {
  EXPECT_EQ(good(with({entry_note(kBase)}).e_entry(0)).entry, GuestAddress(kBase));
  EXPECT_EQ(good(with({entry_note(kBase)}).e_entry(0xdead0000)).entry, GuestAddress(kBase));
}

TEST(KernelImage, ReachesFromTheLowestToTheHighestSegmentWithBss) {
  const auto builder = with({entry_note(kBase)}).load(0x80000, filled(16)).load(0x400000, filled(16), 0x5000);
  EXPECT_EQ(good(builder).extent, GuestRange::from_ends(GuestAddress(0x80000), GuestAddress(0x405000)));
}

TEST(KernelImage, AcceptsNotesThatAgree) {
  EXPECT_EQ(good(with({entry_note(kBase), {"Xen", 18, u64(kBase)}}).notes({entry_note(kBase)})).entry,
            GuestAddress(kBase));
}

TEST(KernelImage, PrefersXensNoteToAnothersOfTheSameType) {
  EXPECT_EQ(good(with({{"nuttx", 18, u32(1)}, entry_note(kBase), {"Xen2", 18, u32(2)}})).entry,
            GuestAddress(kBase));
}

TEST(KernelImage, FindsItsNoteInASection) {
  const auto builder = ElfBuilder{}.load(kBase, filled(16)).section({.bytes = encode(entry_note(kBase))});
  EXPECT_EQ(good(builder).entry, GuestAddress(kBase));
}

TEST(KernelImage, MayEnterAtTheLastByteOfASegmentsFile) {
  EXPECT_EQ(good(with({entry_note(kBase + 0xfff)})).entry, GuestAddress(kBase + 0xfff));
}

TEST(KernelImage, MayHaveASegmentAboveFourGiB) {
  EXPECT_EQ(good(with({entry_note(kBase)}).load(kFourGiB, filled(16))).extent.end(),
            GuestAddress(kFourGiB + 16));
}

TEST(KernelImage, MayBeLinkedAtZeroIfItCanBeMoved) {
  const auto image =
      good(ElfBuilder{}.load(0, filled(0x1000)).notes({entry_note(0x10), relocation_note({0x1000})}));
  EXPECT_EQ(image.extent.start(), GuestAddress(0));
  EXPECT_EQ(image.entry, GuestAddress(0x10));
}

TEST(KernelImage, IsNotRelocatableWithoutNote19) {
  EXPECT_EQ(good(with({entry_note(kBase)})).relocation, std::nullopt);
  EXPECT_EQ(good(with({entry_note(kBase), {"GNU", 19, u32(0)}})).relocation, std::nullopt);
}

TEST(KernelImage, ReadsRelocationLimitsInTheirOrder) {
  const auto limits =
      good(with({entry_note(kBase), relocation_note({0x200000, 0x1000000, 0x3fffffff})})).relocation;
  EXPECT_EQ(limits, (RelocationLimits{.alignment = 0x200000, .min = 0x1000000, .max = 0x3fffffff}));
}

TEST(KernelImage, HasDefaultsForRelocationLimitsThatAreAbsent) {
  const auto limits = [](std::initializer_list<std::uint32_t> values) {
    return good(with({entry_note(kBase), relocation_note(values)})).relocation;
  };
  EXPECT_EQ(limits({0x4000, 5}), (RelocationLimits{.alignment = 0x4000, .min = 5, .max = 0xffffffff}));
  EXPECT_EQ(limits({0x4000}), (RelocationLimits{.alignment = 0x4000, .min = 0, .max = 0xffffffff}));
  EXPECT_EQ(limits({}), (RelocationLimits{.alignment = 0x1000, .min = 0, .max = 0xffffffff}));
}

TEST(KernelImage, RelocatesByItsLargestSegmentAlignmentIfThatIsAPage) {
  const auto alignment = [](std::uint64_t first, std::uint64_t second) {
    const auto builder = ElfBuilder{}
                             .segment({.paddr = kBase, .bytes = filled(16), .alignment = first})
                             .segment({.paddr = 2 * kBase, .bytes = filled(16), .alignment = second})
                             .notes({entry_note(kBase), relocation_note({})}, 0x100000);
    return good(builder).relocation.value().alignment;
  };
  EXPECT_EQ(alignment(0x1000, 0x20000), 0x20000U);
  EXPECT_EQ(alignment(0x400000, 0), 0x400000U);
  EXPECT_EQ(alignment(0x800, 16), 0x200000U);
  EXPECT_EQ(alignment(0, 0), 0x200000U);
}

TEST(KernelImage, AcceptsRelocationNotesThatAgreeByTheirDefaults) {
  const auto builder =
      with({entry_note(kBase), relocation_note({0x1000}), relocation_note({0x1000, 0, 0xffffffff})});
  EXPECT_EQ(good(builder).relocation.value().alignment, 0x1000U);
}

TEST(KernelImage, ShowsAForeignOwnerAsTextWhateverItsBytes) {
  const auto owner_in_error = [](const NoteSpec& note) {
    const auto image = image_of(with({note}).build());
    EXPECT_FALSE(image.has_value());
    return image ? "" : std::get<std::string>(image.error().found);
  };
  EXPECT_EQ(owner_in_error({"nuttx", 18, u32(kBase)}), "\"nuttx\"");
  EXPECT_EQ(owner_in_error({"a\033[2J\n", 18, u32(kBase)}), "\"a?[2J?\"");
  EXPECT_EQ(owner_in_error({std::string(100'000, 'x'), 18, u32(kBase)}),
            '"' + std::string(32, 'x') + "...\"");
  EXPECT_EQ(owner_in_error({"Xen", 18, u32(kBase), 4, false}), "\"Xen\" without its NUL");
  EXPECT_EQ(owner_in_error({std::string("Xen\0", 4), 18, u32(kBase)}), "\"Xen?\"");
  EXPECT_EQ(owner_in_error({"xen", 18, u32(kBase)}), "\"xen\"");
}

TEST(KernelImage, SaysWhichNotesDisagreeAndHow) {
  const Octets file = with({entry_note(kBase), entry_note(kBase + 8)}).build();
  const auto image = image_of(file);
  ASSERT_FALSE(image.has_value());
  const std::uint64_t first = 64 + 2 * 56 + 0x1000;
  EXPECT_EQ(image.error().what, Fault::kEntryNotesDisagree);
  EXPECT_EQ(image.error().where, first + 20);
  EXPECT_EQ(image.error().found, Fact(Hex{kBase + 8}));
  EXPECT_EQ(image.error().wanted, Fact("0x100000, as the one at 0x10b0 says"));
}

}  // namespace
}  // namespace pvh::image
