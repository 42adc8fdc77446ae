#include "template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pvh::runners {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

Words words_of(std::string_view text, const PlaceValues& values) {
  const auto parsed = Template::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? parsed->filled(values) : Words{};
}

PlaceValues a_case() {
  PlaceValues out;
  out.set(Place::kKernel, "k.elf").set(Place::kMemory, "128");
  return out;
}

Error error_of(std::string_view text) {
  const auto parsed = Template::parse(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? Error{} : parsed.error();
}

TEST(Template, IsSplitAtSpacesOutsideOfQuotes) {
  EXPECT_THAT(words_of("m  -m {memory}M 'two  words' \"it's\" '' {kernel}", a_case()),
              ElementsAre("m", "-m", "128M", "two  words", "it's", "", "k.elf"));
  EXPECT_THAT(words_of("m a'b c'd\t{kernel}", a_case()), ElementsAre("m", "ab cd", "k.elf"));
}

TEST(Template, LeavesAGroupOutWhereOneOfItsValuesIsAbsent) {
  constexpr std::string_view kText = "m [--initrd {initrd} -m {memory}] [--kernel {kernel}]";
  EXPECT_THAT(words_of(kText, a_case()), ElementsAre("m", "--kernel", "k.elf"));
  EXPECT_THAT(words_of(kText, a_case().set(Place::kInitrd, "i")),
              ElementsAre("m", "--initrd", "i", "-m", "128", "--kernel", "k.elf"));
  EXPECT_THAT(words_of("m --words={cmdline} {kernel}", a_case()), ElementsAre("m", "--words=", "k.elf"));
}

TEST(Template, TakesBracketsInQuotesAsTheyAre) {
  EXPECT_THAT(words_of("m '[' ']' \"[x]\" {kernel}", a_case()), ElementsAre("m", "[", "]", "[x]", "k.elf"));
}

TEST(Template, TakesABraceForItselfWhereItIsDoubledOrNamesNothing) {
  EXPECT_THAT(words_of("sh -c 'echo ${{HOME} {{kernel}' {kernel}", a_case()),
              ElementsAre("sh", "-c", "echo ${HOME} {kernel}", "k.elf"));
  EXPECT_THAT(words_of(R"(m '{"a": {"b":1}}' {} {1,2} } {kernel})", a_case()),
              ElementsAre("m", R"({"a": {"b":1}})", "{}", "{1,2}", "}", "k.elf"));
}

TEST(Template, DoesNotLookIntoWhatItPutsIn) {
  EXPECT_THAT(words_of("m {kernel}", a_case().set(Place::kKernel, "{memory} ' [")),
              ElementsAre("m", "{memory} ' ["));
}

TEST(Template, RefusesAPlaceThatThereIsNot) {
  for (const char* const text :
       {"m {kernal}", "m {kernel} -m {mem}", "m '{Kernel}' {kernel}", "m {kernel} ${HOME}"}) {
    const Error error = error_of(text);
    EXPECT_EQ(error.what, Fault::kUnknownPlace) << text;
    EXPECT_EQ(error.wanted, Fact(std::string("{kernel}, {initrd}, {cmdline}, {memory}, {cpus}, {output}")));
  }
  EXPECT_EQ(error_of("m {kernel} -m {mem}").found, Fact(std::string("{mem}")));
}

TEST(Template, RefusesWhatIsOpenedOrClosedAlone) {
  for (const char* const text : {"m 'x {kernel}", "m {kernel} \"", "m [ {kernel}", "m ] {kernel}",
                                 "m {kernel} [x] ]", "m [ a [ b ] {kernel} ]"})
    EXPECT_EQ(error_of(text).what, Fault::kOpenTemplate) << text;
  EXPECT_EQ(error_of("m ] {kernel}").found, Fact(std::string("a ] without a [ before it")));
}

TEST(Template, NeedsAPlaceForTheKernel) {
  for (const char* const text : {"", "m", "m {{kernel}", "m {initrd}"})
    EXPECT_EQ(error_of(text).what, Fault::kNoKernelPlace) << text;
}

TEST(Template, KnowsItsProgramWhereItNamesOne) {
  EXPECT_EQ(Template::parse("'my monitor' {kernel}")->program(), "my monitor");
  EXPECT_EQ(Template::parse("{kernel} x")->program(), std::nullopt);
  EXPECT_EQ(Template::parse("[nice] m {kernel}")->program(), std::nullopt);
}

}  // namespace
}  // namespace pvh::runners
