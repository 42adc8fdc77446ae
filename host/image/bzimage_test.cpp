#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pvh/image/containers.hpp"
#include "pvh/image_testing/bzimage_builder.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;

const Octets kPayload = filled(5000, 0x5a);

Error error_of(const Octets& file) {
  const auto image = read_bzimage(file);
  if (image) {
    ADD_FAILURE() << (*image ? "accepted" : "not taken for a bzImage");
    return {.what = Fault::kCount_};
  }
  return image.error();
}

TEST(BzImage, GivesPayloadProtocolAndVersion) {
  const Octets file = BzImageBuilder(kPayload).version("6.1.0 (me) #1").build();
  const auto image = read_bzimage(file);
  ASSERT_TRUE(image && *image);
  EXPECT_TRUE(std::ranges::equal((*image)->payload, kPayload));
  EXPECT_EQ((*image)->payload_offset, 4 * 512 + 0x123);
  EXPECT_EQ((*image)->protocol, 0x20f);
  EXPECT_EQ((*image)->version, "6.1.0 (me) #1");
}

TEST(BzImage, CountsNoSetupSectorsAsFour) {
  const Octets file = BzImageBuilder(kPayload).setup_sectors(0).build();
  const auto image = read_bzimage(file);
  ASSERT_TRUE(image && *image);
  EXPECT_EQ((*image)->payload_offset, 5 * 512 + 0x123);
}

TEST(BzImage, MayHaveNoVersion) {
  const Octets file = BzImageBuilder(kPayload).version("").build();
  const auto image = read_bzimage(file);
  ASSERT_TRUE(image && *image);
  EXPECT_EQ((*image)->version, "");
}

TEST(BzImage, IsNotAFileWithoutBothMagics) {
  Octets file = BzImageBuilder(kPayload).build();
  put(file, 0x1fe, std::uint16_t{0});
  EXPECT_FALSE(*read_bzimage(file));
  file = BzImageBuilder(kPayload).build();
  put(file, 0x202, std::uint32_t{0});
  EXPECT_FALSE(*read_bzimage(file));
  EXPECT_FALSE(*read_bzimage({}));
}

TEST(BzImage, IsOneAlsoWithAnEfiStub) {
  EXPECT_TRUE(*read_bzimage(BzImageBuilder(kPayload).efi_stub().build()));
}

TEST(BzImage, RefusesAProtocolWithoutThePayloadsPlace) {
  EXPECT_TRUE(*read_bzimage(BzImageBuilder(kPayload).protocol(0x208).build()));
  const Error error = error_of(BzImageBuilder(kPayload).protocol(0x207).build());
  EXPECT_EQ(error.what, Fault::kBzImageTooOld);
  EXPECT_EQ(error.where, 0x206);
  EXPECT_EQ(error.found, Fact{"2.07"});
}

TEST(BzImage, RefusesEveryTruncationAndNamesWhatIsCut) {
  const BzImageBuilder builder(kPayload);
  const Octets file = builder.build();
  for (std::size_t size = 0x206; size < file.size(); ++size) {
    const Error error = error_of(Octets(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_EQ(error.what, Fault::kBzImageTruncated) << size;
    EXPECT_EQ(error.subject, size < 0x250     ? "its setup header"
                             : size < 4 * 512 ? "its setup code"
                                              : "its payload");
    EXPECT_EQ(error.found, Fact{Size{size}});
  }
}

TEST(BzImage, RefusesAPayloadBeyondTheFile) {
  const BzImageBuilder sound(kPayload);
  Error error = error_of(BzImageBuilder(sound).claimed_length(5001).build());
  EXPECT_EQ(error.what, Fault::kBzImageTruncated);
  EXPECT_EQ(error.where, sound.payload_start());
  EXPECT_EQ(error.wanted, Fact{Size{sound.payload_start() + 5001}});

  Octets file = sound.build();
  put(file, 0x248, std::uint32_t{0xffffffff});
  put(file, 0x24c, std::uint32_t{0xffffffff});
  error = error_of(file);
  EXPECT_EQ(error.wanted, Fact{Size{4 * 512 + 2 * std::uint64_t{0xffffffff}}});
}

TEST(BzImage, RefusesAPayloadWithoutRoomForMoreThanItsSize) {
  for (const std::uint32_t length : {0U, 3U, 4U}) {
    const Error error = error_of(BzImageBuilder(kPayload).claimed_length(length).build());
    EXPECT_EQ(error.what, Fault::kBzImagePayloadEmpty);
    EXPECT_EQ(error.where, 0x24c);
  }
}

TEST(BzImage, RefusesAVersionOutsideTheSetupCode) {
  for (const std::uint16_t pointer : {std::uint16_t{4 * 512 - 0x200}, std::uint16_t{0xffff}}) {
    const Error error = error_of(BzImageBuilder(kPayload).version_pointer(pointer).build());
    EXPECT_EQ(error.what, Fault::kBzImageVersionText);
    EXPECT_EQ(error.where, 0x20e);
    EXPECT_EQ(error.found, Fact{Hex{std::uint64_t{pointer} + 0x200}});
  }
}

TEST(BzImage, RefusesAVersionThatDoesNotEndInTheSetupCode) {
  Octets file = BzImageBuilder(kPayload).build();
  std::ranges::fill(file.begin() + 0x300, file.end(), std::byte{'x'});
  EXPECT_EQ(error_of(file).what, Fault::kBzImageVersionText);
}

}  // namespace
}  // namespace pvh::image
