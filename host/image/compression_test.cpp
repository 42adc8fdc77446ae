#include "pvh/image/compression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "pvh/image_testing/packers.hpp"

namespace pvh::image {
namespace {

using namespace image_testing;

struct Packer {
  const char* name;
  Compression compression;
  Octets (*pack)(Bytes plain);
  bool checked;  ///< has a checksum over its data, so that every changed byte of it is noticed
};

const Packer kPackers[] = {
    {"gzip", Compression::kGzip, pack_gzip, true},
    {"bzip2", Compression::kBzip2, pack_bzip2, true},
    {"lzma", Compression::kLzma, [](Bytes plain) { return pack_lzma(plain); }, false},
    {"xz", Compression::kXz, [](Bytes plain) { return pack_xz(plain); }, true},
    {"lzo", Compression::kLzo, [](Bytes plain) { return pack_lzo(plain); }, true},
    {"lz4_legacy", Compression::kLz4, [](Bytes plain) { return pack_lz4_legacy(plain); }, false},
    {"lz4", Compression::kLz4, pack_lz4, true},
    {"zstd", Compression::kZstd, pack_zstd, true},
};

std::string name_of_packer(const testing::TestParamInfo<Packer>& packer) {
  return packer.param.name;
}

/// Bytes that shrink to about a half, with x86 calls for the filter to work on; soon they repeat, which
/// spares time.
Octets program(std::size_t size) {
  constexpr std::size_t kPeriod = 100 * kKiB;
  std::mt19937 random(1);
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = i >= kPeriod ? out[i - kPeriod] : i % 16 == 0 ? std::byte{0xe8} : std::byte(random() % 16);
  }
  return out;
}

Error error_of(const Packer& packer, Bytes packed, std::uint64_t limit = kGiB) {
  const auto buffer = unpack(packer.compression, packed, limit);
  if (buffer) {
    ADD_FAILURE() << packer.name << " gave " << buffer->bytes().size() << " bytes instead of an error";
    return {.what = Fault::kCount_};
  }
  return buffer.error();
}

bool unpacks_to(Compression compression, const Octets& packed, const Octets& plain) {
  const auto buffer = unpack(compression, packed, kGiB);
  if (!buffer) return false;
  return std::ranges::equal(buffer->bytes(), plain);
}

class EachCompression : public testing::TestWithParam<Packer> {};
INSTANTIATE_TEST_SUITE_P(Unpack, EachCompression, testing::ValuesIn(kPackers), name_of_packer);

TEST_P(EachCompression, IsKnownByItsFirstBytes) {
  const Octets packed = GetParam().pack(program(1000));
  EXPECT_EQ(detect_compression(packed), GetParam().compression);
  EXPECT_EQ(detect_compression(Bytes(packed).first(1)), Compression::kNone);
}

TEST_P(EachCompression, GivesBackWhatWasPacked) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{300 * kKiB}, 9 * kMiB + 3}) {
    const Octets plain = program(size);
    const Octets packed = GetParam().pack(plain);
    const auto buffer = unpack(GetParam().compression, packed, size);
    ASSERT_TRUE(buffer) << size << ": " << std::get<std::string>(buffer.error().found);
    EXPECT_TRUE(std::ranges::equal(buffer->bytes(), plain)) << size;
  }
}

TEST_P(EachCompression, RefusesOneByteMoreThanTheLimit) {
  static const Octets large = program(20 * kMiB);
  const Octets packed = GetParam().pack(large);
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1}, 8 * kMiB, 20 * kMiB - 1}) {
    const Error error = error_of(GetParam(), packed, limit);
    EXPECT_EQ(error.what, Fault::kUnpackedTooLarge);
    EXPECT_EQ(error.wanted, Fact{Size{limit}});
    EXPECT_TRUE(error.where);
  }
}

TEST_P(EachCompression, RefusesEveryTruncation) {
  const Octets packed = GetParam().pack(program(600));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const Error error = error_of(GetParam(), Bytes(packed).first(size));
    EXPECT_THAT(error.what, testing::AnyOf(Fault::kPackedTruncated, Fault::kPackedCorrupt)) << size;
    EXPECT_LE(error.where, size);
  }
}

TEST_P(EachCompression, SaysThatALongTruncatedFileEndsTooEarly) {
  const Octets packed = GetParam().pack(program(9 * kMiB));
  for (const std::size_t part : {2U, 3U, 7U}) {
    const Error error = error_of(GetParam(), Bytes(packed).first(packed.size() / 8 * part));
    EXPECT_EQ(error.what, Fault::kPackedTruncated);
  }
}

TEST_P(EachCompression, RefusesEveryChangedByteThatItsChecksumsCover) {
  const Octets plain = program(600);
  const Octets packed = GetParam().pack(plain);
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const unsigned change : {0x01U, 0x80U, 0xffU}) {
      Octets broken = packed;
      broken[i] ^= std::byte(change);
      const auto buffer = unpack(GetParam().compression, broken, kMiB);
      if (!GetParam().checked || !buffer) continue;  // must not crash
      // Some header fields mean nothing for the data (a time, a name, an operating system).
      EXPECT_TRUE(std::ranges::equal(buffer->bytes(), plain)) << "byte " << i;
    }
  }
}

TEST_P(EachCompression, RefusesNoise) {
  std::mt19937 random(7);
  const Octets head = GetParam().pack(program(100));
  for (int round = 0; round < 200; ++round) {
    Octets noise(head.begin(), head.begin() + 16);
    for (int i = 0; i < 500; ++i) noise.push_back(std::byte(random() & 0xffU));
    const auto buffer = unpack(GetParam().compression, noise, kMiB);
    EXPECT_FALSE(buffer && GetParam().checked);
  }
}

TEST_P(EachCompression, UnpacksNothingFromNothing) {
  EXPECT_EQ(error_of(GetParam(), {}).what, Fault::kPackedTruncated);
}

std::uint64_t peak_memory() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kKiB;
}

TEST_P(EachCompression, StopsABombAtItsLimit) {
  // One stream of 64 MiB, and 32 of them one after another where that is a file of 2 GiB.
  const Octets packed = GetParam().pack(Octets(64 * kMiB));
  Octets many;
  for (int i = 0; i < 32; ++i) many = std::move(many) + packed;
  const std::uint64_t before = peak_memory();
  EXPECT_EQ(error_of(GetParam(), packed, kMiB).what, Fault::kUnpackedTooLarge);
  if (GetParam().compression != Compression::kLzma) {  // its streams do not follow one another
    EXPECT_EQ(error_of(GetParam(), many, 65 * kMiB).what, Fault::kUnpackedTooLarge);
  }
  EXPECT_LT(peak_memory() - before, 100 * kMiB);
}

class EachConcatenable : public EachCompression {};
INSTANTIATE_TEST_SUITE_P(Unpack, EachConcatenable, testing::ValuesIn([] {
                           std::vector<Packer> packers;
                           for (const Packer& packer : kPackers)
                             if (packer.compression != Compression::kLzma) packers.push_back(packer);
                           return packers;
                         }()),
                         name_of_packer);

TEST_P(EachConcatenable, UnpacksOneStreamBehindAnother) {
  const Octets first = program(700);
  const Octets second = program(333);
  const Octets packed = GetParam().pack(first) + GetParam().pack(second);
  EXPECT_TRUE(unpacks_to(GetParam().compression, packed, first + second));
}

TEST_P(EachConcatenable, RefusesASecondStreamThatIsCutOff) {
  const Octets first = GetParam().pack(program(700));
  const Octets packed = first + GetParam().pack(program(333));
  for (std::size_t size = first.size() + 1; size < packed.size(); ++size)
    EXPECT_THAT(error_of(GetParam(), Bytes(packed).first(size)).what,
                testing::AnyOf(Fault::kPackedTruncated, Fault::kPackedCorrupt));
}

TEST(Unpack, IgnoresWhatFollowsAStreamThatSaysWhereItEnds) {
  const Octets plain = program(700);
  for (const Packer& packer : kPackers) {
    if (packer.name == std::string("lz4_legacy")) continue;
    EXPECT_TRUE(unpacks_to(packer.compression, packer.pack(plain) + filled(100, 0xaa), plain)) << packer.name;
    EXPECT_TRUE(unpacks_to(packer.compression, packer.pack(plain) + filled(100, 0), plain)) << packer.name;
  }
}

TEST(UnpackXz, RefusesADictionaryBeyondTheLimitBeforeItAllocatesIt) {
  Octets packed = pack_lzma(program(100), 1U << 20U);
  put(packed, 1, std::uint32_t{0xc0000000});
  const auto buffer = unpack(Compression::kLzma, packed, kGiB);
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().what, Fault::kPackedNeedsMemory);
  EXPECT_GT(std::get<Size>(buffer.error().found).bytes, 3 * kGiB);
  EXPECT_EQ(std::get<Size>(buffer.error().wanted).bytes, kGiB + 2 * kMiB);
}

TEST(UnpackXz, HasRoomForADictionaryUnderTheHighestLimit) {
  const Octets plain = program(700);
  for (const std::uint64_t limit : {UINT64_MAX, UINT64_MAX - kMiB}) {
    const auto buffer = unpack(Compression::kXz, pack_xz(plain, 8 * kMiB), limit);
    ASSERT_TRUE(buffer) << limit;
    EXPECT_TRUE(std::ranges::equal(buffer->bytes(), plain));
  }
}

TEST(UnpackXz, SkipsThePaddingBetweenStreams) {
  const Octets plain = program(700);
  const Octets packed = pack_xz(plain) + filled(8, 0) + pack_xz(plain) + filled(4, 0);
  EXPECT_TRUE(unpacks_to(Compression::kXz, packed, plain + plain));
}

TEST(UnpackLz4, TakesModernAndLegacyFramesInAnyOrderAndSkipsWhatIsToBeSkipped) {
  const Octets plain = program(700);
  const Octets skipped = u32(0x184d2a53) + u32(5) + filled(5);
  const Octets packed = skipped + pack_lz4(plain) + pack_lz4_legacy(plain) + skipped + pack_lz4(plain);
  EXPECT_EQ(detect_compression(packed), Compression::kLz4);
  EXPECT_TRUE(unpacks_to(Compression::kLz4, packed, plain + plain + plain));
}

TEST(UnpackLz4, RefusesALegacyBlockBehindAShortOne) {
  const auto buffer = unpack(Compression::kLz4, pack_lz4_legacy(program(9000), 1000), kGiB);
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().what, Fault::kPackedCorrupt);
}

TEST(UnpackLz4, AcceptsZerosBehindALegacyFrameAndNothingElse) {
  const Octets plain = program(700);
  EXPECT_TRUE(unpacks_to(Compression::kLz4, pack_lz4_legacy(plain) + filled(6, 0), plain));
  EXPECT_FALSE(unpacks_to(Compression::kLz4, pack_lz4_legacy(plain) + u32(700), plain));
  EXPECT_FALSE(unpacks_to(Compression::kLz4, pack_lz4_legacy(plain) + filled(3, 0) + filled(1), plain));
}

TEST(UnpackZstd, SkipsWhatIsToBeSkippedAndKnowsTheFileByWhatFollows) {
  const Octets plain = program(700);
  const Octets skipped = u32(0x184d2a50) + u32(12) + filled(12);
  const Octets packed = skipped + pack_zstd(plain) + skipped + pack_zstd(plain);
  EXPECT_EQ(detect_compression(packed), Compression::kZstd);
  EXPECT_TRUE(unpacks_to(Compression::kZstd, packed, plain + plain));
}

TEST(UnpackZstd, TakesMillionsOfEmptyFramesInTime) {
  constexpr std::size_t kFrames = 2'000'000;
  const Octets skipped = u32(0x184d2a50) + u32(0);
  Octets packed;
  packed.reserve(kFrames * skipped.size() + kKiB);
  for (std::size_t i = 0; i < kFrames; ++i) packed.insert(packed.end(), skipped.begin(), skipped.end());
  const Octets plain = program(700);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(unpacks_to(Compression::kZstd, std::move(packed) + pack_zstd(plain), plain));
  // Far from what one context takes, and from what one for each frame would.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

TEST(UnpackZstd, NeedsNoMemoryForALongWindow) {
  // A frame of unknown size that claims a window of 2 GiB, with one stored block of "ab".
  const Octets packed =
      le<std::uint8_t>({0x28, 0xb5, 0x2f, 0xfd, 0x00, 21U << 3U, 0x11, 0x00, 0x00, 'a', 'b'});
  const std::uint64_t before = peak_memory();
  EXPECT_TRUE(unpacks_to(Compression::kZstd, packed, le<std::uint8_t>({'a', 'b'})));
  EXPECT_LT(peak_memory() - before, 32 * kMiB);
}

class LzoFlags : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(UnpackLzo, LzoFlags, testing::Values(0x1, 0x2, 0x3, 0x100, 0x200, 0x1303));

TEST_P(LzoFlags, EachChecksumIsReadAndChecked) {
  Octets plain;
  while (plain.size() < 300 * kKiB)
    plain = std::move(plain) + program(1000);  // shrinks, so no block is stored
  Octets packed = pack_lzo(plain, GetParam());
  EXPECT_TRUE(unpacks_to(Compression::kLzo, packed, plain));
  packed[packed.size() / 2] ^= std::byte{1};
  EXPECT_FALSE(unpack(Compression::kLzo, packed, kGiB));
}

TEST(UnpackLzo, UnpacksABlockThatIsStored) {
  std::mt19937 random(3);
  Octets noise(1000);
  for (std::byte& byte : noise) byte = std::byte(random() & 0xffU);
  EXPECT_TRUE(unpacks_to(Compression::kLzo, pack_lzo(noise, 0x3), noise));
}

TEST(UnpackLzo, NamesWhatItDoesNotSupport) {
  const auto buffer = unpack(Compression::kLzo, pack_lzo(program(100), 0x801), kGiB);
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().what, Fault::kPackedUnsupported);
  EXPECT_EQ(buffer.error().found, Fact{"a filter"});
}

TEST(Unpack, TakesLessSpaceWhereTheHostGivesLess) {
  // In a child, because a limit on address space cannot be taken back; and not under a sanitizer, which needs
  // terabytes of it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need address space";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need address space";
#endif
#endif
  const Octets plain = program(kMiB);
  const Octets packed = pack_zstd(plain);
  const auto limited = [&] {
    const rlimit limit = {512 * kMiB, 512 * kMiB};
    setrlimit(RLIMIT_AS, &limit);
    std::_Exit(unpacks_to(Compression::kZstd, packed, plain) ? 0 : 1);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(0), "");
  const Octets large = pack_zstd(Octets(600 * kMiB));
  const auto overfull = [&] {
    const rlimit limit = {512 * kMiB, 512 * kMiB};
    setrlimit(RLIMIT_AS, &limit);
    const auto buffer = unpack(Compression::kZstd, large, kGiB);
    std::_Exit(!buffer && buffer.error().what == Fault::kNoAddressSpace ? 0 : 1);
  };
  EXPECT_EXIT(overfull(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pvh::image
