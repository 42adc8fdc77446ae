#include "pvh/words/words.hpp"

#include <gtest/gtest.h>

#include <set>

#include "pvh/words/describe.hpp"

namespace pvh::words {
namespace {

const Error kSample{.what = Fault::kFileEmpty,
                    .clause = Clause::kNote2,
                    .subject = "segment 2",
                    .within = "section .linux",
                    .where = 0x1234,
                    .found = Size{6},
                    .wanted = Hex{0x10},
                    .thing = Thing{.name = "the kernel",
                                   .range = GuestRange::from_size(GuestAddress{kMiB}, 12 * kMiB),
                                   .size = {}},
                    .obstacle = Thing{.name = "RAM", .range = {}, .size = 16 * kMiB},
                    .memory_that_would_do = 43 * kMiB - 1};

TEST(FillIn, PutsEachFactInItsPlace) {
  EXPECT_EQ(fill_in("{file}: {subject} at {where}: {found}, {wanted}; {thing}; {obstacle}; -m {would_do}",
                    kSample, "vmlinux"),
            "vmlinux: segment 2 at 0x1234 of section .linux: 6 bytes, 0x10; the kernel, 12 MiB at 0x100000; "
            "RAM, 16 MiB; -m 43M");
}

TEST(FillIn, LeavesBracesThatNameNothing) {
  EXPECT_EQ(fill_in("a {b} {", kSample, ""), "a {b} {");
}

TEST(FillIn, SaysAllDigitsOfSizesThatWouldReadTheSame) {
  Error error{.what = Fault::kFileEmpty};
  error.found = Size{kGiB + 1};
  error.wanted = Size{kGiB + 2};
  EXPECT_EQ(fill_in("{found} {wanted}", error, ""), "1073741825 bytes 1073741826 bytes");
}

TEST(Describe, IsOneSentenceWithItsClause) {
  EXPECT_EQ(describe({.what = Fault::kDescriptorSize,
                      .clause = Clause::kNote2,
                      .subject = "the entry note",
                      .where = 0x1637fc4,
                      .found = std::uint64_t{6},
                      .wanted = "4 or 8"}),
            "the entry note (at 0x1637fc4) has a descriptor of 6 bytes; it must be 4 or 8 (NOTE-2).");
}

TEST(Describe, NamesTheMemoryThatWouldDo) {
  const Thing module{.name = "module 1", .range = {}, .size = 8 * kMiB};
  const Thing kernel{.name = "the kernel", .range = {}, .size = 40 * kMiB};
  EXPECT_EQ(describe({.what = Fault::kNoRoom,
                      .clause = Clause::kPlace2,
                      .found = Size{kMiB},
                      .thing = module,
                      .obstacle = kernel,
                      .memory_that_would_do = 55 * kMiB}),
            "module 1, 8 MiB, does not fit beside the kernel, 40 MiB: the largest room that is left has 1 "
            "MiB (PLACE-2). "
            "Memory of 55M would do.");
}

TEST(Describe, NamesAFaultThatIsNoneOfTheLibrarys) {
  EXPECT_EQ(describe({.what = Fault::kQemuMissing}), "qemu-missing.");
}

TEST(Describe, SaysNothingOfTheCommandsOptions) {
  for (const Table& table : library_words())
    for (const FaultWords& words : table)
      EXPECT_EQ(words.sentence.find("--"), std::string_view::npos) << words.sentence;
}

constexpr auto kFaults = static_cast<std::uint16_t>(Fault::kCount_);

TEST(FaultId, IsStableAndDifferentForEach) {
  std::set<std::string> seen;
  for (std::uint16_t number = 0; number < kFaults; ++number) {
    const std::string id = fault_id(static_cast<Fault>(number));
    EXPECT_FALSE(id.empty()) << number;
    EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
  EXPECT_EQ(fault_id(Fault::kNotAKernel), "not-a-kernel");
  EXPECT_EQ(fault_id(Fault::kNoRoom), "no-room");
  EXPECT_EQ(fault_id(Fault::kBzImageTooOld), "bz-image-too-old");
  EXPECT_EQ(fault_id(Fault::kKernelAbove4GiB), "kernel-above-4gib");
  EXPECT_EQ(fault_id(Fault::kQemuMissing), "qemu-missing");
}

}  // namespace
}  // namespace pvh::words
