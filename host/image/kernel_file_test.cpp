#include "pvh/image/kernel_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "pvh/image/containers.hpp"
#include "pvh/image_testing/bzimage_builder.hpp"
#include "pvh/image_testing/packers.hpp"
#include "pvh/image_testing/pe_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;
using namespace std::string_view_literals;

constexpr Compression kAll[] = {Compression::kGzip, Compression::kBzip2, Compression::kLzma, Compression::kXz,
                                Compression::kLzo,  Compression::kLz4,   Compression::kZstd};

Octets elf() {
  return ElfBuilder::bootable().build();
}

/// A bzImage's payload: packed, and its size behind it.
Octets payload(Compression compression, const Octets& plain) {
  Octets packed = pack(compression, plain);
  if (compression == Compression::kGzip) return packed;  // ends with its size anyway
  return with_size(std::move(packed), plain.size());
}

Octets octets(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Error error_of(const Octets& file, const Limits& limits = {}) {
  const auto kernel = read_kernel_file(file, limits);
  if (kernel) {
    ADD_FAILURE() << "accepted";
    return {.what = Fault::kCount_};
  }
  return kernel.error();
}

TEST(KernelFile, ViewsAnElfWhereItLies) {
  const Octets file = elf();
  const auto kernel = read_kernel_file(file);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->elf.bytes.data(), file.data());
  EXPECT_TRUE(kernel->unpacked.empty());
  ASSERT_EQ(kernel->layers.size(), 1);
  EXPECT_EQ(kernel->layers[0].format, Format::kElf);
}

class EachCompressionOfAKernel : public testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(KernelFile, EachCompressionOfAKernel, testing::ValuesIn(kAll),
                         [](const testing::TestParamInfo<Compression>& each) {
                           return std::string(name_of(each.param));
                         });

TEST_P(EachCompressionOfAKernel, IsUnpackedFromABzImage) {
  const BzImageBuilder builder(payload(GetParam(), elf()));
  const Octets file = builder.build();
  const auto kernel = read_kernel_file(file);
  ASSERT_TRUE(kernel);
  EXPECT_TRUE(std::ranges::equal(kernel->elf.bytes, elf()));
  ASSERT_EQ(kernel->layers.size(), 2);
  EXPECT_EQ(kernel->layers[0].format, Format::kBzImage);
  EXPECT_EQ(kernel->layers[0].compression, GetParam());
  EXPECT_EQ(kernel->layers[0].offset, builder.payload_start());
  EXPECT_EQ(kernel->release, "6.1.0-test");
}

TEST_P(EachCompressionOfAKernel, IsUnpackedFromAWholeFile) {
  const auto kernel = read_kernel_file(pack(GetParam(), elf()));
  ASSERT_TRUE(kernel);
  EXPECT_TRUE(std::ranges::equal(kernel->elf.bytes, elf()));
  ASSERT_EQ(kernel->layers.size(), 2);
  EXPECT_EQ(kernel->layers[0].format, Format::kCompressed);
  EXPECT_EQ(kernel->layers[0].compression, GetParam());
}

TEST_P(EachCompressionOfAKernel, MustHaveTheSizeThatTheBzImageSays) {
  Octets packed = payload(GetParam(), elf());
  packed[packed.size() - 4] ^= std::byte{1};
  const BzImageBuilder builder(packed);
  const Error error = error_of(builder.build());
  if (GetParam() == Compression::kGzip) {
    EXPECT_EQ(error.what, Fault::kPackedCorrupt);
    return;
  }
  EXPECT_EQ(error.what, Fault::kUnpackedSize);
  EXPECT_EQ(error.where, builder.payload_start() + packed.size() - 4);
  EXPECT_EQ(error.found, Fact{Size{elf().size()}});
  EXPECT_EQ(error.wanted, Fact{Size{elf().size() ^ 1U}});
}

TEST_P(EachCompressionOfAKernel, IsRefusedWhereItPassesTheLimit) {
  const Limits limits{.unpacked = elf().size() - 1};
  EXPECT_EQ(error_of(pack(GetParam(), elf()), limits).what, Fault::kUnpackedTooLarge);
  const BzImageBuilder builder(payload(GetParam(), elf()));
  const Error error = error_of(builder.build(), limits);
  EXPECT_EQ(error.what, Fault::kUnpackedTooLarge);
  EXPECT_GE(error.where, builder.payload_start());
}

TEST(KernelFile, MayHaveAnElfInABzImageAsItIs) {
  const auto kernel = read_kernel_file(BzImageBuilder(elf()).build());
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->layers[0].compression, Compression::kNone);
  EXPECT_TRUE(kernel->unpacked.empty());
}

TEST(KernelFile, RefusesABzImagePayloadOfNoKnownKind) {
  const BzImageBuilder builder(filled(100, 0xab));
  const Error error = error_of(builder.build());
  EXPECT_EQ(error.what, Fault::kBzImagePayload);
  EXPECT_EQ(error.where, builder.payload_start());
  EXPECT_EQ(error.found, Fact{"0xab 0xab 0xab 0xab 0xab 0xab 0xab 0xab"});
}

TEST(KernelFile, TakesEverythingFromAUnifiedImage) {
  const Octets bzimage = BzImageBuilder(payload(Compression::kZstd, elf())).version("of the bzImage").build();
  const Octets file = PeBuilder()
                          .text(".osrel", "ID=x")
                          .text(".uname", "of the unified image")
                          .text(".cmdline", "quiet")
                          .section(".initrd", filled(100, 7))
                          .section(".linux", bzimage)
                          .build();
  const auto kernel = read_kernel_file(file);
  ASSERT_TRUE(kernel);
  ASSERT_EQ(kernel->layers.size(), 3);
  EXPECT_EQ(kernel->layers[0].format, Format::kUnifiedImage);
  EXPECT_EQ(kernel->layers[1].format, Format::kBzImage);
  EXPECT_TRUE(std::ranges::equal(kernel->initrd.value(), filled(100, 7)));
  EXPECT_EQ(kernel->command_line, "quiet");
  EXPECT_EQ(kernel->release, "of the unified image");
  EXPECT_EQ(kernel->os_release, "ID=x");
  EXPECT_TRUE(std::ranges::equal(kernel->elf.bytes, elf()));
}

TEST(KernelFile, TakesABzImageWithAnEfiStubForABzImage) {
  const auto kernel = read_kernel_file(BzImageBuilder(payload(Compression::kXz, elf())).efi_stub().build());
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->layers[0].format, Format::kBzImage);
}

TEST(KernelFile, CountsOffsetsInTheFileAsLongAsTheyLieThere) {
  const BzImageBuilder builder = BzImageBuilder(payload(Compression::kXz, elf())).protocol(0x204);
  const Octets file = PeBuilder().section(".linux", builder.build()).build();
  const Error error = error_of(file);
  EXPECT_EQ(error.what, Fault::kBzImageTooOld);
  EXPECT_EQ(error.where, (*read_unified_image(file))->kernel_offset + 0x206);
  EXPECT_EQ(error.within, "");
}

TEST(KernelFile, NamesTheUnpackedBytesThatAnOffsetCountsIn) {
  Octets broken = elf();
  broken.resize(100);
  Error error = error_of(broken);
  EXPECT_EQ(error.within, "");
  error = error_of(BzImageBuilder(payload(Compression::kZstd, broken)).build());
  EXPECT_EQ(error.within, "the unpacked zstd payload");
  error = error_of(pack_gzip(BzImageBuilder(payload(Compression::kZstd, elf())).protocol(0x201).build()));
  EXPECT_EQ(error.what, Fault::kBzImageTooOld);
  EXPECT_EQ(error.where, 0x206);
  EXPECT_EQ(error.within, "the unpacked gzip data");
}

TEST(KernelFile, FollowsOnlyAFewLayers) {
  Octets file = elf();
  for (int i = 0; i < 4; ++i) file = pack_gzip(file);
  EXPECT_TRUE(read_kernel_file(file));
  file = pack_gzip(file);
  EXPECT_EQ(error_of(file).what, Fault::kNestedTooDeep);
}

// A copy would view the original's `unpacked`.
static_assert(!std::is_copy_constructible_v<KernelFile> && !std::is_copy_assignable_v<KernelFile>);
static_assert(std::is_nothrow_move_constructible_v<KernelFile>);

TEST(KernelFile, KeepsItsViewsWhenItIsMoved) {
  const Octets file = pack_gzip(elf());
  auto kernel = read_kernel_file(file);
  ASSERT_TRUE(kernel);
  const KernelFile moved = std::move(*kernel);
  EXPECT_TRUE(std::ranges::equal(moved.elf.bytes, elf()));
}

TEST(KernelFile, OffersToBeKeptOnlyWhatIsTheElfAlone) {
  const Octets packed = pack_gzip(elf());
  EXPECT_TRUE(read_kernel_file(packed)->packed);
  // A container in it has an initrd and a command line of its own, which the ELF would not bring back.
  const Octets unified =
      pack_gzip(PeBuilder().section(".cmdline", octets("quiet")).section(".linux", elf()).build());
  const auto kernel = read_kernel_file(unified);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->command_line, "quiet");
  EXPECT_FALSE(kernel->packed);
}

TEST(KernelFile, SaysWhatTheWrongFileLooksLike) {
  const auto at = [](std::size_t offset, std::string_view magic) {
    Octets file(offset + 1000);
    std::ranges::copy(as_bytes(magic), file.begin() + static_cast<std::ptrdiff_t>(offset));
    return file;
  };
  const std::pair<Octets, const char*> files[] = {
      {{}, "an empty file"},
      {octets("#!/bin/sh\necho\n"), "a script"},
      {octets("console=ttyS0\n"), "a text file"},
      {octets("<!DOCTYPE html>"), "a web page"},
      {at(0, "070701"), "an initramfs (cpio archive)"},
      {at(0, "QFI\xfb"), "a disk image (qcow2)"},
      {at(0x8001, "CD001"), "an ISO 9660 image"},
      {at(0x38, "ARM\x64"), "an arm64 Linux kernel (Image)"},
      {at(0x1fe, "\x55\xaa"), "a disk image or boot sector"},
      {at(0, "\x0b\x01"), "an a.out program"},
      {Octets(5000), "nothing but zeros"},
      {filled(20, 0x90), "bytes of no known format (0x90 0x90 0x90 0x90 0x90 0x90 0x90 0x90)"},
  };
  for (const auto& [file, wanted] : files) {
    const Error error = error_of(file);
    EXPECT_EQ(error.what, Fault::kNotAKernel) << wanted;
    EXPECT_EQ(error.found, Fact{wanted});
  }
}

TEST(KernelFile, SaysSoAlsoOfWhatWasPacked) {
  const Error error = error_of(pack_zstd(octets("070701 and so on")));
  EXPECT_EQ(error.what, Fault::kNoKernelInside);
  EXPECT_EQ(error.subject, "the unpacked zstd data");
  EXPECT_EQ(error.found, Fact{"an initramfs (cpio archive)"});
  EXPECT_EQ(error.within, "the unpacked zstd data");
}

TEST(KernelFile, SaysWhichSectionHoldsNoKernel) {
  const Octets file = PeBuilder().section(".linux", octets("#!/bin/sh\n")).build();
  const Error error = error_of(file);
  EXPECT_EQ(error.what, Fault::kNoKernelInside);
  EXPECT_EQ(error.subject, "section .linux");
  EXPECT_EQ(error.where, (*read_unified_image(file))->kernel_offset);
  EXPECT_EQ(error.found, Fact{"a script"});
}

TEST(KernelFile, SaysWhatOffsetsInItsElfCountIn) {
  const Octets broken = ElfBuilder{}.load(kMiB, filled(16)).notes({{"Xen", 18, filled(6)}}).build();
  const auto within = [](const Octets& file) -> std::string {
    const auto kernel = read_kernel_file(file);
    const auto image = kernel ? kernel_image(*kernel) : Result<KernelImage>(std::unexpected(kernel.error()));
    return image || image.error().what != Fault::kDescriptorSize ? "another answer" : image.error().within;
  };
  EXPECT_EQ(within(broken), "");
  EXPECT_EQ(within(pack_xz(broken)), "the unpacked xz data");
  EXPECT_EQ(within(BzImageBuilder(payload(Compression::kXz, broken)).build()), "the unpacked xz payload");
  EXPECT_EQ(within(PeBuilder().section(".linux", broken).build()), "the ELF file inside");
}

TEST(KernelFile, KeepsNoMoreUnpackedThanIsViewed) {
  const Octets bzimage = BzImageBuilder(payload(Compression::kZstd, elf())).build();
  const auto kernel = read_kernel_file(pack_gzip(pack_xz(bzimage)));
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->unpacked.size(), 1);
  EXPECT_TRUE(std::ranges::equal(kernel->elf.bytes, elf()));

  const auto unified = read_kernel_file(
      pack_gzip(PeBuilder().section(".initrd", filled(100, 7)).section(".linux", bzimage).build()));
  ASSERT_TRUE(unified);
  EXPECT_EQ(unified->unpacked.size(), 2);
  EXPECT_TRUE(std::ranges::equal(unified->initrd.value(), filled(100, 7)));
}

/// Has one answer for everything, and remembers what it was asked.
struct OneAnswer final : UnpackedStore {
  explicit OneAnswer(std::optional<Bytes> known) : answer(known) {}
  std::optional<Bytes> find(const Packed& packed) override {
    asked.push_back(packed);
    return answer;
  }
  std::optional<Bytes> answer;
  std::vector<Packed> asked;
};

TEST(KernelFileFromAStore, IsTheSameButForTheUnpacking) {
  const Octets known = elf();
  const BzImageBuilder builder(payload(Compression::kLz4, elf()));
  const Octets file = builder.build();
  OneAnswer store(known);
  const auto kernel = read_kernel_file(file, {}, &store);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel->elf.bytes.data(), known.data());
  EXPECT_TRUE(kernel->found_unpacked);
  EXPECT_TRUE(kernel->unpacked.empty());
  EXPECT_EQ(kernel->release, "6.1.0-test");
  const auto without = read_kernel_file(file);
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->found_unpacked);
  EXPECT_EQ(kernel->layers.size(), without->layers.size());
  EXPECT_EQ(kernel->elf_within, without->elf_within);

  ASSERT_EQ(store.asked.size(), 1);
  EXPECT_EQ(store.asked[0].offset, builder.payload_start());
  EXPECT_EQ(store.asked[0].bytes.data(), file.data() + builder.payload_start());
}

TEST(KernelFileFromAStore, IsUnpackedWhereTheStoreHasNothing) {
  OneAnswer store(std::nullopt);
  const Octets file = pack(Compression::kZstd, elf());
  const auto kernel = read_kernel_file(file, {}, &store);
  ASSERT_TRUE(kernel);
  EXPECT_FALSE(kernel->found_unpacked);
  ASSERT_TRUE(kernel->packed);
  EXPECT_EQ(kernel->packed->offset, 0U);
  EXPECT_EQ(kernel->packed->bytes.data(), file.data());
}

TEST(KernelFileFromAStore, IsUnpackedWhereTheAnswerIsNotOfTheSizeThatTheBzImageSays) {
  const Octets other = elf() + filled(1);
  OneAnswer store(other);
  const Octets file = BzImageBuilder(payload(Compression::kLz4, elf())).build();
  const auto kernel = read_kernel_file(file, {}, &store);
  ASSERT_TRUE(kernel);
  EXPECT_FALSE(kernel->found_unpacked);
  EXPECT_TRUE(std::ranges::equal(kernel->elf.bytes, elf()));
}

TEST(KernelFileFromAStore, IsRefusedByTheSameLimit) {
  const Octets known = elf();
  OneAnswer store(known);
  const auto kernel =
      read_kernel_file(pack(Compression::kZstd, elf()), {.unpacked = elf().size() - 1}, &store);
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().what, Fault::kUnpackedTooLarge);
}

TEST(KernelFileFromAStore, IsNotAskedForLayersDeeperIn) {
  OneAnswer store(std::nullopt);
  const Octets file = pack(Compression::kGzip, BzImageBuilder(payload(Compression::kLz4, elf())).build());
  const auto kernel = read_kernel_file(file, {}, &store);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(store.asked.size(), 1);
  EXPECT_FALSE(kernel->packed) << "what the file holds packed is no ELF";
}

TEST(KernelFileFromAStore, IsNotAskedForAnElf) {
  OneAnswer store(std::nullopt);
  const Octets file = elf();
  ASSERT_TRUE(read_kernel_file(file, {}, &store));
  EXPECT_TRUE(store.asked.empty());
}

}  // namespace
}  // namespace pvh::image
