#include "aml.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pvh::board::aml {
namespace {

Code bytes(std::initializer_list<unsigned> values) {
  Code out;
  for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

/// `size` bytes of code that means nothing.
Code filler(std::size_t size) {
  return Code(size, std::byte{0xa3});
}

TEST(Aml, WritesAnIntegerInItsShortestForm) {
  EXPECT_EQ(integer(0), bytes({0x00}));
  EXPECT_EQ(integer(1), bytes({0x01}));
  EXPECT_EQ(integer(5), bytes({0x0a, 5}));
  EXPECT_EQ(integer(0x100), bytes({0x0b, 0x00, 0x01}));
  EXPECT_EQ(integer(0xfea00000), bytes({0x0c, 0x00, 0x00, 0xa0, 0xfe}));
  EXPECT_EQ(integer(0x100000000), bytes({0x0e, 0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(Aml, FillsANameUpToFourCharacters) {
  EXPECT_EQ(as_text(path("_S5")), "_S5_");
  EXPECT_EQ(as_text(path("\\_SB")), "\\_SB_");
}

TEST(Aml, MarksAPathOfSeveralSegments) {
  EXPECT_EQ(as_text(path("\\_SB.PWRB")), "\\\x2e_SB_PWRB");
  EXPECT_EQ(as_text(path("_SB.A.B")), "\x2f\x03_SB_A___B___");
}

TEST(Aml, CompressesAnIdentifierAsTheSpecificationsExample) {
  EXPECT_EQ(eisa_id("PNP0501"), bytes({0x0c, 0x41, 0xd0, 0x05, 0x01}));
  EXPECT_EQ(eisa_id("PNP0C0C"), bytes({0x0c, 0x41, 0xd0, 0x0c, 0x0c}));
}

TEST(Aml, CountsALengthsOwnBytes) {
  // What is measured starts behind the opcode: the length itself, four bytes of name, the body.
  const auto start_of = [](std::size_t body) {
    const Code code = scope("ABCD", filler(body));
    return Code(code.begin(), code.begin() + 4);
  };
  EXPECT_EQ(start_of(0), bytes({0x10, 5, 'A', 'B'}));
  EXPECT_EQ(start_of(58), bytes({0x10, 63, 'A', 'B'}));
  EXPECT_EQ(start_of(59), bytes({0x10, 0x41, 0x04, 'A'}));     // 65
  EXPECT_EQ(start_of(4089), bytes({0x10, 0x4f, 0xff, 'A'}));   // 4095, the most in two bytes
  EXPECT_EQ(start_of(4090), bytes({0x10, 0x81, 0x00, 0x01}));  // 4097
}

TEST(Aml, EndsAResourceTemplateWithItsTag) {
  EXPECT_EQ(resources({isa_interrupt(4)}), bytes({0x11, 8, 0x0a, 5, 0x22, 0x10, 0x00, 0x79, 0x00}));
}

TEST(Aml, TellsAnEdgeFromALevel) {
  EXPECT_EQ(interrupt(9, Trigger::kEdge), bytes({0x89, 6, 0, 0x03, 1, 9, 0, 0, 0}));
  EXPECT_EQ(interrupt(25, Trigger::kLevel), bytes({0x89, 6, 0, 0x01, 1, 25, 0, 0, 0}));
}

}  // namespace
}  // namespace pvh::board::aml
