#include <cstring>

#include "pvh/guest.h"
#include "test_harness.hpp"
#include "test_memory.hpp"

extern "C" uint64_t ram_that_a_c_kernel_finds(const pvh_memory* memory, uint64_t paddr, pvh_error* error);
extern "C" int c_kernel_is_quiet(const pvh_memory* memory, uint64_t paddr);

namespace pvh::guest {
namespace {

TestMemory usual() {
  TestMemory memory;
  memory.add(0x6000, 0x1000);
  put_start_info(memory, 0x6000,
                 {.nr_modules = 1,
                  .modlist_paddr = 0x6040,
                  .cmdline_paddr = 0x6100,
                  .memmap_paddr = 0x6200,
                  .memmap_entries = 3});
  put_module(memory, 0x6040, 0x300000, 0x1000, 0x6100);
  put_entry(memory, 0x6200, 0, 0xa0000, 1);
  put_entry(memory, 0x6218, 0x9f000, 0x1000, 2);
  put_entry(memory, 0x6230, 0x100000, 0x100000, 1);
  memory.put_text(0x6100, "console=ttyS0 quiet");
  return memory;
}

TEST(CInterface, ServesAKernelInC) {
  auto memory = usual();
  const auto accessor = memory.accessor();
  pvh_error error{};
  EXPECT_EQ(ram_that_a_c_kernel_finds(&accessor, 0x6000, &error), 0x19f000u);
  EXPECT_EQ(c_kernel_is_quiet(&accessor, 0x6000), 1);
}

TEST(CInterface, SaysTheClauseAndTheFaultInWords) {
  auto memory = usual();
  memory.put32(0x6000, 0);
  const auto accessor = memory.accessor();
  pvh_error error{};
  EXPECT_EQ(ram_that_a_c_kernel_finds(&accessor, 0x6000, &error), 0u);
  EXPECT_STREQ(error.clause, "START-1");
  EXPECT_STREQ(error.what, "is not the start info's magic");
  EXPECT_EQ(error.where, 0x6000u);
}

TEST(CInterface, AnswersAsTheCppOneDoes) {
  auto memory = usual();
  const auto accessor = memory.accessor();
  pvh_start start;
  ASSERT_EQ(pvh_start_parse(&start, &accessor, 0x6000, nullptr), PVH_OK);
  pvh_module module;
  EXPECT_EQ(pvh_start_module(&start, 0, &module, nullptr), PVH_OK);
  EXPECT_EQ(module.size, 0x1000u);
  EXPECT_EQ(pvh_start_module(&start, 1, &module, nullptr), PVH_ABSENT);
  pvh_string string;
  EXPECT_EQ(pvh_start_module_command_line(&start, &module, 100, &string, nullptr), PVH_OK);
  EXPECT_EQ(string.size, 19u);
  uint64_t rsdp = 0;
  EXPECT_EQ(pvh_start_rsdp(&start, &rsdp), PVH_ABSENT);
  pvh_map_entry entry;
  EXPECT_EQ(pvh_map_read(&start, 1, &entry, nullptr), PVH_OK);
  EXPECT_EQ(entry.addr, 0x9f000u);
  EXPECT_EQ(pvh_map_read(&start, 3, &entry, nullptr), PVH_ABSENT);
  pvh_map_range range;
  EXPECT_EQ(pvh_map_from(&start, 0xa0000, &range, nullptr), PVH_OK);
  EXPECT_EQ(range.last, 0x1fffffu);
  EXPECT_EQ(pvh_map_after(&start, &range, &range, nullptr), PVH_ABSENT);

  unsigned kept = 0;
  EXPECT_EQ(pvh_start_reserve(
                &start, [](void* count, const pvh_reservation*) { ++*static_cast<unsigned*>(count); }, &kept,
                nullptr),
            PVH_OK);
  EXPECT_EQ(kept, 6u);
  unsigned faults = 0;
  EXPECT_EQ(pvh_start_check(
                &start, [](void* count, const pvh_error*) { ++*static_cast<unsigned*>(count); }, &faults),
            PVH_BROKEN);
  EXPECT_EQ(faults, 1u);  // two entries overlap
  EXPECT_EQ(pvh_type_from_efi(pvh_type_to_efi(1)), 1u);
  EXPECT_EQ(pvh_type_from_e820(pvh_type_to_e820(3)), 3u);
  EXPECT_EQ(pvh_type_from_multiboot2(pvh_type_to_multiboot2(4)), 4u);
  pvh_argument argument;
  std::size_t position = 0;
  EXPECT_EQ(pvh_next_argument("a b", 3, &position, &argument), 1);
  EXPECT_EQ(argument.key_size, 1u);
  EXPECT_TRUE(argument.value == nullptr);
}

TEST(CInterface, EveryFaultAndClauseHasWords) {
  for (unsigned i = 1; i < static_cast<unsigned>(Fault::kCount_); ++i)
    EXPECT_TRUE(std::strlen(fault_text(static_cast<Fault>(i))) > 5);
  for (unsigned i = 1; i < static_cast<unsigned>(Clause::kCount_); ++i)
    EXPECT_TRUE(std::strchr(clause_id(static_cast<Clause>(i)), '-') != nullptr);
}

}  // namespace
}  // namespace pvh::guest
