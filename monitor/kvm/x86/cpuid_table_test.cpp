#include "x86/cpuid_table.hpp"

#include <gtest/gtest.h>

namespace pvh::kvm {
namespace {

CpuidTable a_table() {
  CpuidTable table(3);
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    table[i].function = i;
    table[i].eax = 0x1000 + i;
  }
  return table;
}

TEST(CpuidTable, ComesBackAtTheHostWhereItWasKept) {
  const auto back = unpack_table("host", pack_table("host", a_table()));
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 3U);
  EXPECT_EQ((*back)[2].function, 2U);
  EXPECT_EQ((*back)[2].eax, 0x1002U);
}

TEST(CpuidTable, IsNothingAtAnotherHostOrBoot) {
  EXPECT_FALSE(unpack_table("hose", pack_table("host", a_table())));
  EXPECT_FALSE(unpack_table("host 2", pack_table("host", a_table())));
  EXPECT_FALSE(unpack_table("hos", pack_table("host", a_table())));
}

TEST(CpuidTable, IsNothingWhereItWasCutOrHasNoOrTooManyEntries) {
  auto packed = pack_table("host", a_table());
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, packed.size() - 1, packed.size() - 39})
    EXPECT_FALSE(unpack_table("host", Bytes(packed).first(size))) << size;
  EXPECT_FALSE(unpack_table("host", pack_table("host", {})));
  EXPECT_FALSE(unpack_table("host", pack_table("host", CpuidTable(257))));
}

}  // namespace
}  // namespace pvh::kvm
