#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pvh/image/containers.hpp"
#include "pvh/image_testing/pe_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;
using namespace std::string_view_literals;

const Octets kKernel = filled(700, 0x11);
const Octets kInitrd = filled(900, 0x22);

Error error_of(const Octets& file) {
  const auto image = read_unified_image(file);
  if (image) {
    ADD_FAILURE() << (*image ? "accepted" : "not taken for a PE file");
    return {.what = Fault::kCount_};
  }
  return image.error();
}

TEST(UnifiedImage, GivesItsSectionsWithoutTheirPadding) {
  const Octets file = PeBuilder()
                          .text(".text", "code")
                          .text(".osrel", "ID=debian\nNAME=Debian\n")
                          .text(".cmdline", "console=ttyS0 quiet\n\0\0"sv)
                          .text(".uname", "6.1.0-test")
                          .section(".linux", kKernel)
                          .section(".initrd", kInitrd)
                          .build();
  const auto image = read_unified_image(file);
  ASSERT_TRUE(image && *image);
  EXPECT_TRUE(std::ranges::equal((*image)->kernel, kKernel));
  EXPECT_EQ((*image)->kernel.data(), file.data() + (*image)->kernel_offset);
  EXPECT_TRUE(std::ranges::equal((*image)->initrd.value(), kInitrd));
  EXPECT_EQ((*image)->command_line, "console=ttyS0 quiet");
  EXPECT_EQ((*image)->release, "6.1.0-test");
  EXPECT_EQ((*image)->os_release, "ID=debian\nNAME=Debian");
}

TEST(UnifiedImage, NeedsOnlyAKernel) {
  const Octets file = PeBuilder().machine(0x14c).section(".linux", kKernel).build();
  const auto image = read_unified_image(file);
  ASSERT_TRUE(image && *image);
  EXPECT_FALSE((*image)->initrd);
  EXPECT_FALSE((*image)->command_line);
  EXPECT_FALSE((*image)->release);
  EXPECT_FALSE((*image)->os_release);
}

TEST(UnifiedImage, IsNotAFileWithoutThePeSignature) {
  EXPECT_FALSE(*read_unified_image({}));
  EXPECT_FALSE(*read_unified_image(filled(1000)));
  Octets file = PeBuilder().section(".linux", kKernel).build();
  put(file, PeBuilder::kPeOffset, std::uint8_t{'N'});  // as in Windows 3
  EXPECT_FALSE(*read_unified_image(file));
}

TEST(UnifiedImage, RefusesAProgramWithoutAKernel) {
  const Error error = error_of(PeBuilder().text(".text", "code").section(".initrd", kInitrd).build());
  EXPECT_EQ(error.what, Fault::kPeNoKernel);
  EXPECT_EQ(error.subject, "section .linux");
}

TEST(UnifiedImage, RefusesOtherMachinesByName) {
  const Error error = error_of(PeBuilder().machine(0xaa64).section(".linux", kKernel).build());
  EXPECT_EQ(error.what, Fault::kPeMachine);
  EXPECT_EQ(error.found, Fact{"AArch64 (0xaa64)"});
  EXPECT_EQ(error_of(PeBuilder().machine(0x1234).build()).found, Fact{"machine (0x1234)"});
}

TEST(UnifiedImage, RefusesASectionTwice) {
  const Error error = error_of(PeBuilder().section(".linux", kKernel).section(".linux", kKernel).build());
  EXPECT_EQ(error.what, Fault::kPeDuplicateSection);
  EXPECT_EQ(error.subject, "section .linux");
  EXPECT_EQ(error.where, PeBuilder::section_header(1));
}

TEST(UnifiedImage, TakesTheFirstProfileOfSeveral) {
  const Octets file = PeBuilder()
                          .section(".linux", kKernel)
                          .text(".cmdline", "of all")
                          .text(".profile", "ID=a")
                          .text(".cmdline", "of the first")
                          .text(".profile", "ID=b")
                          .text(".cmdline", "of the second")
                          .build();
  const auto image = read_unified_image(file);
  ASSERT_TRUE(image && *image);
  EXPECT_EQ((*image)->command_line, "of the first");
}

TEST(UnifiedImage, RefusesSectionsOutsideTheFile) {
  for (const std::uint32_t offset : {100000U, 0xffffffffU}) {
    const Error error =
        error_of(PeBuilder().section({.name = ".linux", .bytes = kKernel, .claimed_offset = offset}).build());
    EXPECT_EQ(error.what, Fault::kPeSectionOutside);
    EXPECT_EQ(error.subject, "section .linux");
    EXPECT_EQ(error.where, offset);
    EXPECT_EQ(error.wanted, Fact{Size{std::uint64_t{offset} + kKernel.size()}});
  }
  EXPECT_EQ(error_of(PeBuilder()
                         .section({.name = ".linux",
                                   .bytes = kKernel,
                                   .virtual_size = 0xffffffff,
                                   .claimed_raw_size = 0xffffffff})
                         .build())
                .what,
            Fault::kPeSectionOutside);
}

TEST(UnifiedImage, RefusesANulInsideItsCommandLine) {
  const Error error = error_of(PeBuilder().section(".linux", kKernel).text(".cmdline", "a\0b"sv).build());
  EXPECT_EQ(error.what, Fault::kPeNulInText);
  EXPECT_EQ(error.subject, "section .cmdline");
}

TEST(UnifiedImage, RefusesEveryTruncation) {
  const Octets file = PeBuilder().section(".linux", filled(512)).section(".initrd", filled(512)).build();
  for (std::size_t size = 2; size < file.size(); ++size) {
    const Error error = error_of(Octets(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_THAT(error.what, testing::AnyOf(Fault::kPeTruncated, Fault::kPeSectionOutside)) << size;
    EXPECT_EQ(error.found, Fact{Size{size}});
  }
}

TEST(UnifiedImage, RefusesMoreSectionsThanTheFileHolds) {
  const Error error = error_of(PeBuilder().section(".linux", kKernel).claimed_count(0xffff).build());
  EXPECT_EQ(error.what, Fault::kPeTruncated);
  EXPECT_EQ(error.subject, "its section table");
  EXPECT_EQ(error.where, PeBuilder::section_header(0));
}

}  // namespace
}  // namespace pvh::image
