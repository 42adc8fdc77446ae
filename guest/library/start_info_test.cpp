#include "pvh/guest/start_info.hpp"

#include "test_harness.hpp"
#include "test_memory.hpp"

namespace pvh::guest {
namespace {

constexpr uint64_t kInfo = 0x6000;
constexpr uint64_t kModules = 0x6100;
constexpr uint64_t kMap = 0x6200;
constexpr uint64_t kText = 0x6800;
constexpr uint64_t kRsdp = 0x6f00;

TestMemory one_page() {
  TestMemory memory;
  memory.add(0x6000, 0x1000);
  return memory;
}

std::string text_of(TestMemory& memory, const String& string) {
  std::string text(string.size + 1, '?');
  const auto copied = copy_string(memory.accessor(), string, text.data(), text.size());
  if (!copied || text.back() != '\0') return "not copied";
  text.pop_back();
  return text;
}

Error parse_error(TestMemory& memory, uint64_t paddr) {
  const auto info = StartInfo::parse(memory.accessor(), paddr);
  return info.is_broken() ? info.error() : Error{};
}

std::vector<Error> faults_of(const StartInfo& info) {
  std::vector<Error> faults;
  const bool good = info.check(
      [](void* to, const Error& error) { static_cast<std::vector<Error>*>(to)->push_back(error); }, &faults);
  EXPECT_EQ(good, faults.empty());
  return faults;
}

TEST(StartInfo, GivesEverythingThatAProducerPassed) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
                  .nr_modules = 2,
                  .modlist_paddr = kModules,
                  .cmdline_paddr = kText,
                  .rsdp_paddr = 0xe0000,
                  .memmap_paddr = kMap,
                  .memmap_entries = 1});
  put_module(memory, kModules, 0x123456789000, 0x5000, kText + 0x20);
  put_module(memory, kModules + 32, 0x200000, 0, 0);
  put_entry(memory, kMap, 0x100000000, 0x80000000, XEN_HVM_MEMMAP_TYPE_RAM);
  memory.put_text(kText, "console=ttyS0 quiet");
  memory.put_text(kText + 0x20, "initrd");

  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->address(), kInfo);
  EXPECT_EQ(info->version(), 1u);
  EXPECT_EQ(info->flags(), 3u);
  ASSERT_TRUE(info->command_line());
  EXPECT_EQ(text_of(memory, *info->command_line()), "console=ttyS0 quiet");
  EXPECT_EQ(info->module_count(), 2u);
  const auto first = info->module(0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->paddr, 0x123456789000u);
  EXPECT_EQ(first->size, 0x5000u);
  EXPECT_EQ(text_of(memory, *info->command_line_of(*first)), "initrd");
  const auto second = info->module(1);
  ASSERT_TRUE(second);
  EXPECT_TRUE(info->command_line_of(*second).is_absent());
  EXPECT_TRUE(info->module(2).is_absent());
  EXPECT_EQ(*info->rsdp(), 0xe0000u);
  const auto map = info->memory_map();
  ASSERT_TRUE(map);
  ASSERT_EQ(map->size(), 1u);
  const auto entry = map->entry(0);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->addr, 0x100000000u);
  EXPECT_EQ(entry->size, 0x80000000u);
  EXPECT_EQ(entry->type, 1u);
  EXPECT_TRUE(map->entry(1).is_absent());
  EXPECT_FALSE(memory.was_misused());
}

TEST(StartInfo, WhatIsNotPresentIsAbsentAndNoError) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {});
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->command_line().is_absent());
  EXPECT_TRUE(info->rsdp().is_absent());
  EXPECT_TRUE(info->memory_map().is_absent());
  EXPECT_EQ(info->module_count(), 0u);
  EXPECT_TRUE(info->module(0).is_absent());
  EXPECT_TRUE(faults_of(*info).empty());
}

TEST(StartInfo, AWrongMagicIsRefusedWithTheValueFound) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.magic = 0x2badb002});
  EXPECT_TRUE((parse_error(memory, kInfo) == Error{Clause::kStart1, Fault::kBadMagic, kInfo, 0x2badb002}));
  EXPECT_STREQ(clause_id(Clause::kStart1), "START-1");
}

TEST(StartInfo, AMagicInTheWrongByteOrderIsNoMagic) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.magic = 0x78c56e33});
  EXPECT_TRUE(parse_error(memory, kInfo).fault == Fault::kBadMagic);
}

TEST(StartInfo, AnAddressOfZeroIsNoStartInfo) {
  TestMemory memory;
  memory.add(0, 0x1000);
  put_start_info(memory, 0, {});
  EXPECT_TRUE(parse_error(memory, 0).clause == Clause::kStart4);
}

TEST(StartInfo, AWildAddressIsAnErrorAndNotAnAccess) {
  auto memory = one_page();
  EXPECT_TRUE(parse_error(memory, 0xdeadbeef).fault == Fault::kUnreadable);
  EXPECT_TRUE(parse_error(memory, UINT64_MAX - 8).fault == Fault::kWraps);
  EXPECT_TRUE(parse_error(memory, 0x6fe0).fault == Fault::kUnreadable);
  EXPECT_FALSE(memory.was_misused());
}

TEST(StartInfo, Version0EndsBeforeTheMapEvenAtTheEndOfMemory) {
  auto memory = one_page();
  const uint64_t last_place = 0x7000 - 40;
  put_version_0(memory, last_place, {.version = 0, .cmdline_paddr = kText});
  memory.put_text(kText, "");
  const auto info = StartInfo::parse(memory.accessor(), last_place);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->memory_map().is_absent());
  ASSERT_TRUE(info->command_line());
  EXPECT_EQ(info->command_line()->size, 0u);
}

TEST(StartInfo, Version0HasNoMapWhateverLiesThere) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.version = 0, .memmap_paddr = kMap, .memmap_entries = 3});
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->memory_map().is_absent());
  EXPECT_EQ(info->parsed().memmap_entries, 0u);
}

TEST(StartInfo, Version1CutShortIsAnError) {
  auto memory = one_page();
  put_version_0(memory, 0x7000 - 40, {.version = 1});
  EXPECT_TRUE(parse_error(memory, 0x7000 - 40).fault == Fault::kUnreadable);
}

TEST(StartInfo, AHigherVersionReadsAsVersion1) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.version = 7, .memmap_paddr = kMap, .memmap_entries = 1});
  put_entry(memory, kMap, 0, 0x9f000, 1);
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version(), 7u);
  ASSERT_TRUE(info->memory_map());
  EXPECT_EQ(info->memory_map()->entry(0)->size, 0x9f000u);
}

TEST(StartInfo, NothingNeedsToBeAligned) {
  for (unsigned shift = 1; shift < 8; ++shift) {
    auto memory = one_page();
    put_start_info(memory, kInfo + shift,
                   {.nr_modules = 1,
                    .modlist_paddr = kModules + shift,
                    .memmap_paddr = kMap + shift,
                    .memmap_entries = 1});
    put_module(memory, kModules + shift, 0x300000, 0x1000, 0);
    put_entry(memory, kMap + shift, 0x1122334455667788, 0x99, 7);
    const auto info = StartInfo::parse(memory.accessor(), kInfo + shift);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->module(0)->paddr, 0x300000u);
    EXPECT_EQ(info->memory_map()->entry(0)->addr, 0x1122334455667788u);
    EXPECT_EQ(faults_of(*info).size(), 3u);  // reported all the same: three tables (START-8)
  }
}

TEST(StartInfo, ACountWithoutATableIsNoTable) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.nr_modules = 5, .memmap_entries = 6});
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->module_count(), 0u);
  EXPECT_TRUE(info->memory_map().is_absent());
  const auto faults = faults_of(*info);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_TRUE(faults[0].fault == Fault::kCountWithoutTable && faults[0].found == 5);
  EXPECT_TRUE(faults[1].clause == Clause::kMap1 && faults[1].found == 6);
}

TEST(StartInfo, ABrokenModuleListLeavesTheRestReadable) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.nr_modules = UINT32_MAX, .modlist_paddr = UINT64_MAX - 40, .cmdline_paddr = kText});
  memory.put_text(kText, "still here");
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->module(0).error().fault == Fault::kUnreadable);
  EXPECT_TRUE(info->module(1).error().fault == Fault::kWraps);
  EXPECT_TRUE(info->module(UINT32_MAX - 1).error().fault == Fault::kWraps);
  EXPECT_EQ(text_of(memory, *info->command_line()), "still here");
}

TEST(StartInfo, AModuleThatWrapsOrLiesAtZeroIsBroken) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.nr_modules = 4, .modlist_paddr = kModules});
  put_module(memory, kModules, UINT64_MAX - 1, 3, 0);
  put_module(memory, kModules + 32, 0, 1, 0);
  put_module(memory, kModules + 64, UINT64_MAX - 1, 2, 0);
  put_module(memory, kModules + 96, 0, 0, 0);
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->module(0).error().clause == Clause::kCons2);
  EXPECT_TRUE(info->module(1).error().clause == Clause::kStart4);
  EXPECT_TRUE(info->module(2));
  EXPECT_TRUE(info->module(3));
}

TEST(StartInfo, AMapThatWrapsIsBroken) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.memmap_paddr = UINT64_MAX - 22, .memmap_entries = 1});
  EXPECT_TRUE(StartInfo::parse(memory.accessor(), kInfo)->memory_map().error().clause == Clause::kCons2);
  put_start_info(memory, kInfo, {.memmap_paddr = UINT64_MAX - 23, .memmap_entries = 1});
  EXPECT_TRUE(StartInfo::parse(memory.accessor(), kInfo)->memory_map());
}

TEST(Strings, AreFoundAtEveryLengthAndAlignment) {
  for (std::size_t length = 0; length < 200; length += 7)
    for (unsigned shift = 0; shift < 64; shift += 3) {
      auto memory = one_page();
      put_start_info(memory, kInfo, {.cmdline_paddr = kText + shift});
      const std::string text(length, 'x');
      memory.put_text(kText + shift, text);
      const auto found = StartInfo::parse(memory.accessor(), kInfo)->command_line();
      ASSERT_TRUE(found);
      EXPECT_EQ(text_of(memory, *found), text);
    }
}

TEST(Strings, MayEndWithTheLastReadableByte) {
  for (std::size_t length = 0; length < 70; ++length) {
    auto memory = one_page();
    const uint64_t place = 0x7000 - length - 1;
    put_start_info(memory, kInfo, {.cmdline_paddr = place});
    memory.put_text(place, std::string(length, 'y'));
    const auto found = StartInfo::parse(memory.accessor(), kInfo)->command_line();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, length);
  }
}

TEST(Strings, WithoutAnEndAreAnErrorAtTheEndOfMemory) {
  auto memory = one_page();  // its filling has no zero byte
  put_start_info(memory, kInfo, {.cmdline_paddr = 0x6ff3});
  const auto found = StartInfo::parse(memory.accessor(), kInfo)->command_line();
  EXPECT_TRUE((found.error() == Error{Clause::kStart5, Fault::kUnterminated, 0x6ff3, 13}));
}

TEST(Strings, WithoutAnEndAreAnErrorAtTheTopOfTheAddressSpace) {
  auto memory = one_page();
  memory.add(UINT64_MAX - 99, 100);
  put_start_info(memory, kInfo, {.cmdline_paddr = UINT64_MAX - 99});
  const auto found = StartInfo::parse(memory.accessor(), kInfo)->command_line();
  EXPECT_TRUE((found.error() == Error{Clause::kStart5, Fault::kUnterminated, UINT64_MAX - 99, 100}));
  EXPECT_FALSE(memory.was_misused());
}

TEST(Strings, AreMeasuredUpToTheCallersLimitAndNeverCut) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.cmdline_paddr = kText});
  memory.put_text(kText, std::string(100, 'z'));
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  EXPECT_TRUE(info->command_line(100));
  EXPECT_TRUE(info->command_line(99).error().fault == Fault::kUnterminated);
  EXPECT_TRUE(info->command_line(0).is_broken());
  EXPECT_TRUE(info->command_line(UINT64_MAX));
  char small[100];
  EXPECT_TRUE(copy_string(memory.accessor(), *info->command_line(), small, sizeof(small)).is_broken());
}

TEST(Strings, ThatCannotBeReadAtAllBreakTheRuleOfWhereTheyLie) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.cmdline_paddr = 0xb0000});
  EXPECT_TRUE(StartInfo::parse(memory.accessor(), kInfo)->command_line().error().clause == Clause::kStart8);
}

TEST(Strings, OfAModuleNameTheModulesClause) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.nr_modules = 1, .modlist_paddr = kModules});
  put_module(memory, kModules, 0x300000, 1, 0x6fff);
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  EXPECT_TRUE(info->command_line_of(*info->module(0)).error().clause == Clause::kStart6);
}

TEST(Reservations, NameEverythingThatTheKernelWasHanded) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.nr_modules = 2,
                  .modlist_paddr = kModules,
                  .cmdline_paddr = kText,
                  .rsdp_paddr = kRsdp,
                  .memmap_paddr = kMap,
                  .memmap_entries = 3});
  put_module(memory, kModules, 0x300000, 0x5000, kText + 0x40);
  put_module(memory, kModules + 32, 0x400000, 0, 0);
  memory.put_text(kText, "ab");
  memory.put_text(kText + 0x40, "cde");
  std::vector<Reservation> kept;
  const auto error =
      StartInfo::parse(memory.accessor(), kInfo)
          ->reserve([](void* to,
                       const Reservation& r) { static_cast<std::vector<Reservation>*>(to)->push_back(r); },
                    &kept);
  EXPECT_TRUE(error.fault == Fault::kNone);
  const std::vector<Reservation> wanted = {{kInfo, kInfo + 55, PVH_KEPT_START_INFO, 0},
                                           {kText, kText + 2, PVH_KEPT_COMMAND_LINE, 0},
                                           {kRsdp, kRsdp + 35, PVH_KEPT_RSDP, 0},
                                           {kMap, kMap + 71, PVH_KEPT_MEMORY_MAP, 0},
                                           {kModules, kModules + 63, PVH_KEPT_MODULE_LIST, 0},
                                           {0x300000, 0x304fff, PVH_KEPT_MODULE, 0},
                                           {kText + 0x40, kText + 0x43, PVH_KEPT_MODULE_COMMAND_LINE, 0}};
  ASSERT_EQ(kept.size(), wanted.size());
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_TRUE(kept[i].first == wanted[i].first && kept[i].last == wanted[i].last &&
                kept[i].what == wanted[i].what && kept[i].module == wanted[i].module);
}

TEST(Reservations, OfAListThatWrapsEndWithIt) {
  auto memory = one_page();
  put_start_info(memory, kInfo, {.nr_modules = UINT32_MAX, .modlist_paddr = UINT64_MAX - 40});
  memory.add(UINT64_MAX - 40, 41, 0);
  const auto info = StartInfo::parse(memory.accessor(), kInfo);
  EXPECT_TRUE(info->module(0));
  const auto error = info->reserve([](void*, const Reservation&) {}, nullptr);
  EXPECT_TRUE(error.fault == Fault::kWraps);
  EXPECT_FALSE(faults_of(*info).empty());
}

TEST(Reservations, GoOnBehindWhatIsBrokenAndSayTheFirst) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.nr_modules = UINT32_MAX, .modlist_paddr = 0x6fc0, .cmdline_paddr = 0xb0000});
  put_module(memory, 0x6fc0, UINT64_MAX, 2, 0);
  put_module(memory, 0x6fe0, 0x300000, 2, 0);
  unsigned kept = 0;
  const auto error =
      StartInfo::parse(memory.accessor(), kInfo)
          ->reserve([](void* count, const Reservation&) { ++*static_cast<unsigned*>(count); }, &kept);
  EXPECT_TRUE(error.clause == Clause::kStart8 && error.where == 0xb0000);
  EXPECT_EQ(kept, 3u);  // the structure, the list and the second module
}

TEST(Check, FindsAGoodProducerGood) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.nr_modules = 1,
                  .modlist_paddr = kModules,
                  .cmdline_paddr = kText,
                  .rsdp_paddr = kRsdp,
                  .memmap_paddr = kMap,
                  .memmap_entries = 2});
  put_module(memory, kModules, 0x300000, 0x5000, kText);
  put_entry(memory, kMap, 0, 0x9fc00, 1);
  put_entry(memory, kMap + 24, 0x100000, 0xff00000, 1);
  memory.put_text(kText, "ab");
  memory.put_text(kRsdp, "RSD PTR ");
  for (unsigned i = 8; i < 20; ++i) memory.put(kRsdp + i, 0, 1);
  unsigned sum = 0;
  for (const char c : std::string("RSD PTR ")) sum += static_cast<unsigned char>(c);
  memory.put(kRsdp + 8, 256 - sum % 256, 1);
  EXPECT_TRUE(faults_of(*StartInfo::parse(memory.accessor(), kInfo)).empty());
  memory.put(kRsdp + 9, 1, 1);
  const auto faults = faults_of(*StartInfo::parse(memory.accessor(), kInfo));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_TRUE(faults[0].clause == Clause::kStart7 && faults[0].fault == Fault::kNotAnRsdp);
}

TEST(Check, ReportsWhatTheReaderPassesOver) {
  auto memory = one_page();
  put_start_info(memory, kInfo,
                 {.nr_modules = 1,
                  .modlist_paddr = kModules,
                  .memmap_paddr = kMap,
                  .memmap_entries = 5,
                  .reserved = 0xff});
  put_module(memory, kModules, 0x100000000, 1, 0, 0x77);
  put_entry(memory, kMap, 0x100000, 0x100000, 1);
  put_entry(memory, kMap + 24, 0, 0x1000, 2);             // unsorted
  put_entry(memory, kMap + 48, 0x300000, 0, 0);           // qboot's empty one
  put_entry(memory, kMap + 72, 0x400000, 0x1000, 1, 99);  // garbage in reserved
  put_entry(memory, kMap + 96, UINT64_MAX, 2, 2);         // wraps
  const auto faults = faults_of(*StartInfo::parse(memory.accessor(), kInfo));
  const std::vector<Error> wanted = {{Clause::kMap1, Fault::kReservedNotZero, kInfo + 52, 0xff},
                                     {Clause::kStart8, Fault::kTooHigh, 0x100000000, 1},
                                     {Clause::kStart6, Fault::kReservedNotZero, kModules + 24, 0x77},
                                     {Clause::kMap3, Fault::kUnsorted, kMap + 24, 0},
                                     {Clause::kMap3, Fault::kEmptyEntry, kMap + 48, 0x300000},
                                     {Clause::kMap1, Fault::kReservedNotZero, kMap + 72, 99},
                                     {Clause::kMap3, Fault::kWraps, kMap + 96, 2}};
  ASSERT_EQ(faults.size(), wanted.size());
  for (std::size_t i = 0; i < faults.size(); ++i) EXPECT_TRUE(faults[i] == wanted[i]);
}

}  // namespace
}  // namespace pvh::guest
