#include "words.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace pvh::cli {
namespace {

constexpr auto kFaults = static_cast<std::uint16_t>(Fault::kCount_);

std::array<std::span<const FaultWords>, 8> rooms() {
  return {words_elf(),  words_containers(), words_board(),   words_boot(),
          words_qemu(), words_kvm(),        words_conform(), words_cli()};
}

/// The names in braces.
std::vector<std::string_view> placeholders(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    names.push_back(text.substr(open + 1, text.find('}', open) - open - 1));
  }
  return names;
}

TEST(Words, AreThereForEveryFault) {
  for (std::uint16_t number = 0; number < kFaults; ++number) {
    const FaultWords* words = words_of(static_cast<Fault>(number));
    ASSERT_NE(words, nullptr) << "fault number " << number << " of pvh/base/error.hpp has no words";
    EXPECT_FALSE(words->sentence.empty()) << number;
  }
}

TEST(Words, AreThereOnlyOnceForEachFault) {
  std::set<Fault> seen;
  for (const auto& room : rooms()) {
    for (const FaultWords& words : room) {
      EXPECT_TRUE(seen.insert(words.fault).second) << words.sentence;
      EXPECT_LT(static_cast<std::uint16_t>(words.fault), kFaults) << words.sentence;
    }
  }
}

TEST(Words, NameOnlyFactsThatAnErrorHas) {
  const std::set<std::string_view> known{"file",   "subject", "where",    "found",
                                         "wanted", "thing",   "obstacle", "would_do"};
  for (const auto& room : rooms()) {
    for (const FaultWords& words : room) {
      for (const std::string_view text : {words.sentence, words.remedy}) {
        for (const std::string_view name : placeholders(text)) EXPECT_TRUE(known.contains(name)) << text;
      }
    }
  }
}

TEST(Words, EndInOneFullStop) {
  for (const auto& room : rooms()) {
    for (const FaultWords& words : room) {
      EXPECT_FALSE(words.sentence.ends_with('.')) << words.sentence;
      EXPECT_TRUE(words.remedy.empty() || words.remedy.find_last_of(".?!") != std::string_view::npos)
          << words.remedy;
    }
  }
}

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

TEST(Message, NamesFileClauseAndRemedy) {
  EXPECT_EQ(message({kSample, "x"}),
            "pvh: x: the file is empty; it was to be segment 2 (NOTE-2).\n"
            "     Was a download or a build cut short?\n");
}

TEST(Message, LetsNoFileNameMoveTheCursor) {
  EXPECT_EQ(message({Error{.what = Fault::kFileMissing, .subject = "the kernel"}, "a\x1b[2J\nb\x7f"}),
            "pvh: a\\x1b[2J\\nb\\x7f: there is no such file; it was to be the kernel.\n");
}

TEST(Printable, ShowsLettersAndNoControls) {
  EXPECT_EQ(printable("abc é € 😀 ~"), "abc é € 😀 ~");
  EXPECT_EQ(printable("a\nb\tc\x1b[2J"), "a\\nb\\tc\\x1b[2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J")
      << "CSI in one character";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "cod"),
            "\\xe2\\x80\\xae"
            "cod")
      << "right to left";
}

TEST(Printable, ShowsWhatIsNoUtf8AsItsBytes) {
  EXPECT_EQ(printable("\x9b"), "\\x9b");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b") << "longer than need be";
  EXPECT_EQ(printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b") << "longer than need be";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xf5x"), "\\xf5x");
}

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
}  // namespace pvh::cli
