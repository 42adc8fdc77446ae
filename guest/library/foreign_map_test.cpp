#include "pvh/guest/foreign_map.hpp"

#include <iterator>

#include "test_harness.hpp"

namespace pvh::guest {
namespace {

struct Row {
  uint32_t type, e820, efi, multiboot2;
};
constexpr Row kRows[] = {{1, 1, 7, 1}, {2, 2, 0, 2},  {3, 3, 9, 3}, {4, 4, 10, 4}, {5, 5, 8, 5},
                         {6, 6, 8, 2}, {7, 7, 14, 2}, {0, 2, 0, 2}, {8, 2, 0, 2},  {0xffffffff, 2, 0, 2}};

TEST(ForeignMap, EveryTypeHasAWordInEveryMap) {
  for (const auto& row : kRows) {
    EXPECT_EQ(to_e820(row.type), row.e820);
    EXPECT_EQ(to_efi(row.type), row.efi);
    EXPECT_EQ(to_multiboot2(row.type), row.multiboot2);
  }
}

TEST(ForeignMap, NothingThatIsNotRamBecomesRam) {
  for (uint32_t type = 0; type < 5000; ++type) {
    EXPECT_EQ(from_e820(type) == XEN_HVM_MEMMAP_TYPE_RAM, type == 1);
    EXPECT_EQ(from_multiboot2(type) == XEN_HVM_MEMMAP_TYPE_RAM, type == 1);
    EXPECT_EQ(from_efi(type) == XEN_HVM_MEMMAP_TYPE_RAM, (type >= 1 && type <= 4) || type == 7);
  }
}

TEST(ForeignMap, WhatHasAWordComesBack) {
  for (uint32_t type = 1; type <= 7; ++type) EXPECT_EQ(from_e820(to_e820(type)), type);
  for (const uint32_t type : {1u, 2u, 3u, 4u, 5u, 7u}) EXPECT_EQ(from_efi(to_efi(type)), type);
  for (const uint32_t type : {1u, 2u, 3u, 4u, 5u}) EXPECT_EQ(from_multiboot2(to_multiboot2(type)), type);
  EXPECT_EQ(from_e820(12), 7u);
  EXPECT_EQ(from_efi(15), 2u);  // unaccepted memory: not before it is accepted
}

TEST(ForeignMap, EntriesHaveTheOtherFormatsBytes) {
  unsigned char e820[kE820EntrySize];
  write_e820({0x100000, 0x7ffffff, 3, 0}, e820);
  const unsigned char wanted[] = {0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0xf0, 7, 0, 0, 0, 0, 3, 0, 0, 0};
  static_assert(sizeof(wanted) == sizeof(e820));
  for (std::size_t i = 0; i < sizeof(wanted); ++i) EXPECT_EQ(e820[i], wanted[i]);
  EXPECT_EQ(read_e820(e820).addr, 0x100000u);
  EXPECT_EQ(read_e820(e820).size, 0x7f00000u);
  EXPECT_EQ(read_e820(e820).type, 3u);

  unsigned char multiboot2[kMultiboot2EntrySize];
  write_multiboot2({0x1122334455667788, 0x1122334455667788, 6, 0}, multiboot2);
  EXPECT_EQ(multiboot2[0], 0x88);
  EXPECT_EQ(multiboot2[16], 2);
  EXPECT_EQ(multiboot2[20] + multiboot2[23], 0);
  EXPECT_EQ(read_multiboot2(multiboot2).addr, 0x1122334455667788u);
  EXPECT_EQ(read_multiboot2(multiboot2).type, 2u);
}

}  // namespace
}  // namespace pvh::guest
