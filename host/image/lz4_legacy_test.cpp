// lz4's legacy frame by several threads, beside one that takes block after block.
#include <gtest/gtest.h>
#include <lz4.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "pvh/image/buffer.hpp"
#include "pvh/image_testing/packers.hpp"
#include "unpack_lz4.hpp"

namespace pvh::image {
namespace {

using image_testing::Octets;
using image_testing::operator+;
using image_testing::u32;

constexpr std::uint64_t kBlock = 8 * kMiB;

/// An answer, to be compared.
struct Answer {
  Fault fault = Fault::kCount_;
  std::uint64_t where = 0;  ///< of the error, or the frame's end
  std::uint64_t used = 0;
  std::string message;
  bool operator==(const Answer&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  return out << "fault " << static_cast<int>(answer.fault) << " at " << answer.where << ", used "
             << answer.used << ", " << answer.message;
}

Answer wrong(const std::unexpected<Error>& error) {
  const auto* text = std::get_if<std::string>(&error.error().found);
  return {error.error().what, error.error().where.value(), 0, text != nullptr ? *text : ""};
}

bool all_zero(Bytes bytes) {
  // By memcmp and not by an algorithm, which takes 20 s for these sizes where nothing is optimised.
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// The format as one would write it down: a block after the other.
Answer slowly(Bytes packed, Output& output) {
  constexpr Compression kLz4 = Compression::kLz4;
  std::uint64_t at = sizeof kLz4LegacyMagic;
  if (at == packed.size()) return wrong(truncated(kLz4, at));
  bool was_short = false;
  for (; at < packed.size();) {
    const auto size = read_le<std::uint32_t>(packed, at);
    const bool rest_is_zero = all_zero(input_at(packed, at));
    if ((!size || *size == 0) && rest_is_zero)
      return {.where = packed.size(), .used = output.used, .message = {}};
    if (!size) return wrong(truncated(kLz4, packed.size()));
    if (is_lz4_magic(*size)) break;
    if (*size == 0 || *size > LZ4_COMPRESSBOUND(kBlock))
      return wrong(corrupt(kLz4, at, "a block's size cannot be right"));
    if (was_short) return wrong(corrupt(kLz4, at, "a block follows one that is shorter than 8 MiB"));
    const auto block = slice(packed, at + sizeof *size, *size);
    if (!block) return wrong(truncated(kLz4, packed.size()));
    if (output.room().size() < kBlock) return wrong(no_room(kLz4, at, output));
    const int written = LZ4_decompress_safe(chars(*block), chars(output.room()),
                                            static_cast<int>(block->size()), static_cast<int>(kBlock));
    if (written < 0) return wrong(corrupt(kLz4, at, "a block cannot be decoded"));
    output.used += static_cast<std::uint64_t>(written);
    was_short = static_cast<std::uint64_t>(written) < kBlock;
    at += sizeof *size + *size;
  }
  return {.where = at, .used = output.used, .message = {}};
}

Answer quickly(Bytes packed, Output& output, unsigned threads) {
  const auto end = unpack_lz4_legacy_frame(packed, 0, output, threads);
  if (!end) return wrong(std::unexpected(end.error()));
  return {.where = *end, .used = output.used, .message = {}};
}

/// One packed block of `size` bytes, with its size before it.
Octets block(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Octets plain(size);
  for (std::size_t i = 0; i < size; ++i)
    plain[i] = i < 256 || i % 5000 == 0 ? static_cast<std::byte>(random()) : plain[i - 256];
  Octets packed(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(size))));
  const int written = LZ4_compress_default(chars(Bytes(plain)), chars(std::span(packed)),
                                           static_cast<int>(size), static_cast<int>(packed.size()));
  packed.resize(static_cast<std::size_t>(written));
  return u32(static_cast<std::uint32_t>(written)) + packed;
}

/// What a frame can be made of, and be spoilt with.
Octets a_frame(std::mt19937& random, const Octets& full, const Octets& short_one) {
  Octets out = u32(kLz4LegacyMagic);
  const auto blocks = random() % 5;
  for (std::size_t i = 0; i < blocks; ++i) out = out + full;
  switch (random() % 8) {
    case 0:
      break;
    case 1:
      out = out + short_one + full;
      break;
    case 2:
      out = out + short_one + u32(kLz4LegacyMagic) + full;
      break;
    case 3:
      out = out + short_one + Octets(random() % 9);
      break;
    case 4:
      out = out + short_one + u32(static_cast<std::uint32_t>(random()));
      break;
    default:
      out = out + short_one;
  }
  if (random() % 2 == 0 && out.size() > 5) {
    for (int i = 0; i < 2; ++i)
      out[4 + random() % (out.size() - 4)] ^= static_cast<std::byte>(1U << random() % 8);
  }
  if (random() % 4 == 0) out.resize(4 + random() % (out.size() - 3));
  return out;
}

TEST(Lz4Legacy, GivesTheSameByAnyNumberOfThreadsSoundOrNot) {
  const Octets full = block(kBlock, 1);
  const Octets short_one = block(100'000, 2);
  std::mt19937 random(3);
  int errors = 0;
  for (int round = 0; round < 60; ++round) {
    const Octets packed = a_frame(random, full, short_one);
    const std::uint64_t room = (1 + random() % 6) * kBlock + random() % 2;
    auto expected_buffer = Buffer::reserve(room);
    ASSERT_TRUE(expected_buffer);
    Output expected_output{.space = expected_buffer->space(), .limit = room - 1};
    const Answer expected = slowly(packed, expected_output);
    errors += expected.fault != Fault::kCount_ ? 1 : 0;
    for (const unsigned threads : {1U, 2U, 5U}) {
      auto buffer = Buffer::reserve(room);
      ASSERT_TRUE(buffer);
      Output output{.space = buffer->space(), .limit = room - 1};
      ASSERT_EQ(quickly(packed, output, threads), expected)
          << "round " << round << ", " << threads << " threads";
      if (expected.fault != Fault::kCount_) continue;
      const auto used = static_cast<std::size_t>(expected.used);
      ASSERT_EQ(std::memcmp(output.space.data(), expected_output.space.data(), used), 0) << round;
    }
  }
  EXPECT_GT(errors, 10);
  EXPECT_LT(errors, 50);
}

TEST(Lz4Legacy, StopsSoonBehindABrokenBlock) {
  const Octets full = block(kBlock, 1);
  Octets packed = u32(kLz4LegacyMagic) + full + block(1000, 2);
  // So many that the other thread cannot come to the second half, even where the one that meets the broken
  // block has to wait for a processor.
  constexpr std::size_t kBlocks = 80;
  for (std::size_t i = 0; i < kBlocks; ++i) packed.insert(packed.end(), full.begin(), full.end());
  auto buffer = Buffer::reserve((kBlocks + 10) * kBlock);
  ASSERT_TRUE(buffer);
  Output output{.space = buffer->space(), .limit = (kBlocks + 9) * kBlock};
  ASSERT_FALSE(unpack_lz4_legacy_frame(packed, 0, output, 2));
  EXPECT_TRUE(all_zero(output.space.subspan(kBlocks / 2 * kBlock, 4 * kBlock)) &&
              all_zero(output.space.subspan(kBlocks * kBlock)))
      << "blocks were decoded that nobody can want";
}

TEST(Lz4Legacy, NeedsNoThreadThatTheHostDoesNotGive) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer needs address space of its own";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
  GTEST_SKIP() << "the sanitizer needs address space of its own";
#endif
#endif
  const Octets packed = u32(kLz4LegacyMagic) + block(kBlock, 1) + block(kBlock, 2) + block(1000, 3);
  const pid_t child = ::fork();
  if (child == 0) {
    auto buffer = Buffer::reserve(4 * kBlock);
    // No address space for another stack, so that no thread can be made.
    const rlimit none{.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_AS, &none);
    Output output{.space = buffer->space(), .limit = 3 * kBlock};
    const auto end = unpack_lz4_legacy_frame(packed, 0, output, 4);
    ::_exit(end && output.used == 2 * kBlock + 1000 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Lz4Legacy, SmallFramesAreNotWorthAThread) {
  EXPECT_EQ(lz4_threads_for(Octets(kMiB)), 1U);
}

}  // namespace
}  // namespace pvh::image
