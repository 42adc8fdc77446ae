// What kernels print, and what it says.
#include "pvh/consumers/told.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pvh::consumers {
namespace {

using Spans = std::vector<Span>;

TEST(Told, ReadsHello) {
  const Told told = told_by(
      "Hello from 32 bits\r\ncommand line: one=1  two\r\nmodules: 2\r\nmemory map:\r\n"
      "  0x0000000000000000-0x000000000009ffff RAM\r\n  0x00000000000a0000-0x00000000000fffff not "
      "RAM\r\nGoodbye\r\n");
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.ram, (Spans{{0, 0xa0000}}));
  EXPECT_EQ(told.command_line.value(), "one=1  two");
  EXPECT_EQ(told.module_count, 2U);
}

TEST(Told, KnowsThatAStoryIsCut) {
  EXPECT_FALSE(told_by("Hello from 64 bits\nmodules: 0\nmemory map:\n  0x0-0xfff RAM\n").whole);
  EXPECT_FALSE(told_by("Linux version 6.1\nBIOS-e820: [mem 0x0-0xfff] usable\n").whole);
  EXPECT_FALSE(told_by("{\"pvh_probe\":1,\"part\":\"begin\"}\n").whole);
}

TEST(Told, ReadsOurProcessUnderLinux) {
  const Told told = told_by(
      "@linux 6.1.0\r\n@cmdline console=ttyS0 a=b\r\n@memmap 0x0 0x9ffff System RAM\r\n"
      "@memmap 0xa0000 0xfffff Reserved\r\n@memmap 0x100000 0x1fffffff System RAM\r\n"
      "@iomem 00001000-0009ffff : System RAM\r\n@iomem 00100000-1fffffff : System RAM\r\n@end\r\n");
  EXPECT_EQ(told.kind, "linux");
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.ram, (Spans{{0, 0xa0000}, {0x100000, 0x20000000}}));
  EXPECT_EQ(told.in_use, (Spans{{0x1000, 0xa0000}, {0x100000, 0x20000000}}));
  EXPECT_EQ(told.command_line.value(), "console=ttyS0 a=b");
}

TEST(Told, ReadsLinuxOwnMessagesWhereThereIsNoDisk) {
  const Told told = told_by(
      "[    0.000000] Linux version 6.1.0\n[    0.000000] Command line: panic=-1\n"
      "[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable\n"
      "[    0.000000] BIOS-e820: [mem 0x00000000000a0000-0x00000000000fffff] reserved\n"
      "[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n");
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.ram, (Spans{{0, 0xa0000}}));
  EXPECT_EQ(told.command_line.value(), "panic=-1");
}

TEST(Told, ReadsTheProbe) {
  const Told told = told_by(
      "{\"pvh_probe\":1,\"part\":\"begin\"}\n"
      "{\"pvh_probe\":1,\"part\":\"string\",\"of\":\"command_line\",\"index\":0}\n"
      "{\"pvh_probe\":1,\"part\":\"memory\",\"of\":\"command_line\",\"at\":1,\"hex\":\"613d6200\"}\n"
      "{\"pvh_probe\":1,\"part\":\"modules\",\"at\":1,\"count\":1}\n"
      "{\"pvh_probe\":1,\"part\":\"module\",\"index\":0,\"at\":4096,\"size\":3,\"crc32\":7}\n"
      "{\"pvh_probe\":1,\"part\":\"memory_map\",\"count\":1}\n"
      "{\"pvh_probe\":1,\"part\":\"memory\",\"of\":\"memory_map\",\"at\":1,"
      "\"hex\":\"001000000000000000200000000000000100000000000000\"}\n"
      "{\"pvh_probe\":1,\"part\":\"acpi\",\"rsdp\":0}\n{\"pvh_probe\":1,\"part\":\"end\",\"magic\":true}\n");
  EXPECT_TRUE(told.whole);
  EXPECT_EQ(told.ram, (Spans{{0x1000, 0x3000}}));
  EXPECT_EQ(told.command_line.value(), "a=b");
  ASSERT_EQ(told.modules->size(), 1U);
  EXPECT_EQ(told.modules->front().crc32, 7U);
  EXPECT_EQ(told.acpi, false);
}

TEST(Told, MakesNothingOfNonsense) {
  for (const char* const text :
       {"", "\n\n", "@memmap", "Hello", "\xff\xfe", "{\"pvh_probe\":1,", "{\"pvh_probe\":1,\"part\":7}",
        "Hello from x\n  0x-0x RAM\n  0x5-0x1 RAM\nmodules: many\nGoodbye"})
    EXPECT_FALSE(told_by(text).ram && !told_by(text).ram->empty()) << text;
}

}  // namespace
}  // namespace pvh::consumers
