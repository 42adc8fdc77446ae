#include "pvh/guest/command_line.hpp"

#include <cstring>
#include <string>
#include <string_view>

#include "test_harness.hpp"

namespace pvh::guest {
namespace {

/// The words as `key`, `key=value`, with '|' between them.
std::string words_of(std::string_view line) {
  const CommandLine command_line(Text(line.data(), line.size()));
  std::string words;
  std::size_t position = 0;
  while (const auto argument = command_line.next(position)) {
    if (!words.empty()) words += '|';
    words.append(argument->key.data, argument->key.size);
    if (!argument->has_value) continue;
    words += '=';
    words.append(argument->value.data, argument->value.size);
  }
  return words;
}

std::string value_of(std::string_view line, std::string_view key) {
  const auto argument = CommandLine(Text(line.data(), line.size())).find(Text(key.data(), key.size()));
  if (!argument) return "absent";
  if (!argument->has_value) return "no value";
  return {argument->value.data, argument->value.size};
}

TEST(CommandLine, IsSplitAtWhiteSpace) {
  EXPECT_EQ(words_of("console=ttyS0 quiet\troot=/dev/vda\n"), "console=ttyS0|quiet|root=/dev/vda");
  EXPECT_EQ(words_of(""), "");
  EXPECT_EQ(words_of(" \t "), "");
  EXPECT_EQ(words_of("  a  b  "), "a|b");
}

TEST(CommandLine, KeepsSpacesBetweenQuotes) {
  EXPECT_EQ(words_of(R"(dyndbg="file a.c +p" x)"), "dyndbg=file a.c +p|x");
  EXPECT_EQ(words_of(R"("dyndbg=file a.c +p" x)"), "dyndbg=file a.c +p|x");
  EXPECT_EQ(words_of(R"("a b" c)"), "a b|c");
  EXPECT_EQ(words_of(R"(a="b)"), "a=b");
  EXPECT_EQ(words_of(R"(a="b c)"), "a=b c");
}

TEST(CommandLine, TakesNoQuotesFromTheInside) {
  EXPECT_EQ(words_of(R"(a=b"c d"e f)"), R"(a=b"c d"e|f)");
  EXPECT_EQ(words_of(R"(a"b c"=d)"), R"(a"b c"=d)");
}

TEST(CommandLine, LonelyQuotesHurtNothing) {
  EXPECT_EQ(words_of("\""), "");
  EXPECT_EQ(words_of("\"\""), "");
  EXPECT_EQ(words_of("a=\""), "a=");
  EXPECT_EQ(words_of("a=\"\" b"), "a=|b");
}

TEST(CommandLine, ALeadingEqualsSignIsPartOfTheKey) {
  EXPECT_EQ(words_of("=a b==c"), "=a|b==c");
  EXPECT_EQ(words_of("=a=b"), "=a=b");
  EXPECT_EQ(value_of("=a=b", "=a"), "b");
}

TEST(CommandLine, TheLastOfAKeyCounts) {
  EXPECT_EQ(value_of("log=1 log=2 x", "log"), "2");
  EXPECT_EQ(value_of("log=1 x", "x"), "no value");
  EXPECT_EQ(value_of("log= x", "log"), "");
  EXPECT_EQ(value_of("log=1", "lo"), "absent");
  EXPECT_EQ(value_of("log=1", "logs"), "absent");
}

TEST(CommandLine, DashAndUnderscoreAreOneInKeys) {
  EXPECT_EQ(value_of("max-cpus=3", "max_cpus"), "3");
  EXPECT_EQ(value_of("max_cpus=a-b", "max-cpus"), "a-b");
}

TEST(CommandLine, WhatFollowsTwoDashesIsNotForTheKernel) {
  EXPECT_EQ(value_of("a=1 -- a=2", "a"), "1");
  EXPECT_EQ(value_of("-- a=2", "a"), "absent");
  EXPECT_EQ(words_of("a -- b"), "a|--|b");
}

TEST(CommandLine, APositionPastTheEndIsTheEnd) {
  std::size_t position = 100;
  EXPECT_TRUE(CommandLine(Text("abc")).next(position).is_absent());
}

}  // namespace
}  // namespace pvh::guest
