#include "pvh/boot/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <type_traits>

#include "testing/invariants.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh::boot {
namespace {

using testing::at;
using testing::broken_promise;
using testing::SampleKernel;

const image::KernelImage kFixed = SampleKernel{}.segment(16 * kMiB, 24 * kMiB).build();
const image::KernelImage kTiny = SampleKernel{}.segment(kMiB, 0x3000).build();
const image::KernelImage kRelocatable =
    SampleKernel{}.segment(16 * kMiB, 24 * kMiB).relocatable(2 * kMiB, 16 * kMiB, kGiB - 1).build();

const std::vector<std::byte>& file() {
  static const std::vector<std::byte> kFile(64 * kMiB, std::byte{0x5a});
  return kFile;
}

Module module(std::uint64_t size, std::optional<std::string> command_line = {}, std::string name = "file") {
  return {
      .name = std::move(name), .bytes = Bytes(file()).first(size), .command_line = std::move(command_line)};
}

Request request(const image::KernelImage& kernel, std::uint64_t memory = 128 * kMiB) {
  return {.kernel = kernel, .memory_size = memory};
}

/// The region of that name; one at an address where nothing is, where there is none.
Region region(const BootPlan& plan, std::string_view name) {
  const auto found = std::ranges::find(plan.regions, name, &Region::name);
  if (found != plan.regions.end()) return *found;
  ADD_FAILURE() << "no region " << name;
  return {.name = "", .range = at(kAddressLimit - 1, 1), .content = {}};
}

bool has_region(const BootPlan& plan, std::string_view name) {
  return std::ranges::find(plan.regions, name, &Region::name) != plan.regions.end();
}

/// The plan, which keeps what every plan owes.
BootPlan good(const Request& request) {
  auto made = plan(request);
  if (!made) {
    ADD_FAILURE() << "refused, fault " << static_cast<int>(made.error().what);
    return {};
  }
  EXPECT_EQ(broken_promise(request, *made), "");
  return std::move(*made);
}

/// The error, which keeps what every error owes.
Error refused(const Request& request) {
  const auto made = plan(request);
  if (made) {
    ADD_FAILURE() << "not refused";
    return {.what = Fault::kCount_};
  }
  EXPECT_EQ(broken_promise(request, made.error()), "");
  return made.error();
}

TEST(Plan, PutsTheKernelWhereItIsLinked) {
  const BootPlan plan = good(request(kFixed));
  EXPECT_EQ(region(plan, "kernel segment 0").range, at(16 * kMiB, 24 * kMiB));
  EXPECT_EQ(plan.entry, GuestAddress{16 * kMiB});
  EXPECT_EQ(region(plan, "kernel segment 0").content.origin, Origin::kKernel);
}

TEST(Plan, MovesAKernelThatIsLinkedAtZero) {
  const auto kernel = SampleKernel{}.segment(0, 0x2000).relocatable(kMiB, kMiB).build();
  const BootPlan plan = good(request(kernel));
  EXPECT_EQ(region(plan, "kernel segment 0").range, at(kMiB, 0x2000));
  EXPECT_EQ(plan.entry, GuestAddress{kMiB});
}

TEST(Plan, PacksTheStructuresIntoOneLowPage) {
  Request asked = request(kFixed);
  asked.command_line = "console=ttyS0";
  asked.modules.push_back(module(5000, "first"));
  const BootPlan plan = good(asked);
  EXPECT_EQ(plan.start_info, GuestAddress{0x1000});
  for (const char* name :
       {"start info", "module list", "memory map", "command line", "command line of module 0 (file)"})
    EXPECT_TRUE(at(0x1000, 0x1000).contains(region(plan, name).range)) << name;
}

TEST(Plan, AlwaysHasACommandLine) {
  const BootPlan plan = good(request(kFixed));
  EXPECT_EQ(region(plan, "command line").range.size(), 1U);
}

TEST(Plan, PutsModulesPageAlignedFromTheTopDownInTheirOrder) {
  Request asked = request(kFixed);
  asked.modules = {module(5000, {}, "a"), module(1, {}, "b"), module(kMiB, {}, "")};
  const BootPlan plan = good(asked);
  EXPECT_EQ(region(plan, "module 0 (a)").range, at(128 * kMiB - 0x2000, 5000));
  EXPECT_EQ(region(plan, "module 1 (b)").range, at(128 * kMiB - 0x3000, 1));
  EXPECT_EQ(region(plan, "module 2").range, at(127 * kMiB - 0x3000, kMiB));
}

TEST(Plan, KeepsModulesBelowOneGiBWhereTheyFit) {
  Request asked = request(kFixed, 8 * kGiB);
  asked.modules = {module(5000)};
  EXPECT_EQ(region(good(asked), "module 0 (file)").range.start(), GuestAddress{kGiB - 0x2000});
}

TEST(Plan, PutsAModuleAboveOneGiBWhereItDoesNotFitBelow) {
  const auto kernel = SampleKernel{}.segment(16 * kMiB, kGiB - 32 * kMiB).build();
  Request asked = request(kernel, 2 * kGiB);
  asked.modules = {module(32 * kMiB), module(4096)};
  const BootPlan plan = good(asked);
  EXPECT_EQ(region(plan, "module 0 (file)").range.end(), GuestAddress{2 * kGiB});
  EXPECT_EQ(region(plan, "module 1 (file)").range.end(), GuestAddress{kGiB});
}

TEST(Plan, PutsNothingAboveFourGiBHoweverMuchMemoryThereIs) {
  for (const std::uint64_t memory : {5 * kGiB, kTiB, 64 * kTiB - kGiB}) {
    Request asked = request(kFixed, memory);
    asked.modules = {module(32 * kMiB)};
    const BootPlan plan = good(asked);
    EXPECT_EQ(plan.memory_map.back().range.end().value(), memory + kGiB);
  }
}

TEST(Plan, GivesAnEmptyModuleAnAddressButNoRegion) {
  Request asked = request(kFixed);
  asked.modules = {module(0, "settings"), module(10)};
  const BootPlan plan = good(asked);
  EXPECT_FALSE(has_region(plan, "module 0 (file)"));
  EXPECT_TRUE(has_region(plan, "module 1 (file)"));
}

TEST(Plan, PassesACommandLineOfAnyLength) {
  Request asked = request(kFixed);
  asked.command_line = std::string(3 * kMiB, 'a');
  const BootPlan plan = good(asked);
  EXPECT_EQ(region(plan, "command line").range.size(), 3 * kMiB + 1);
  EXPECT_EQ(plan.start_info, GuestAddress{0x1000});
}

TEST(Plan, KeepsTheStructuresTogetherWhereTheKernelFillsLowMemory) {
  const auto kernel = SampleKernel{}.segment(0x1000, 0x9f000).segment(kMiB, 0x1000).build();
  Request asked = request(kernel, 16 * kMiB);
  const BootPlan plan = good(asked);
  EXPECT_EQ(plan.start_info, GuestAddress{16 * kMiB - 0x1000});
  EXPECT_TRUE(at(16 * kMiB - 0x1000, 0x1000).contains(region(plan, "memory map").range));
  EXPECT_TRUE(at(16 * kMiB - 0x1000, 0x1000).contains(region(plan, "command line").range));
}

TEST(Plan, KeepsOutOfTheGapsOfTheKernel) {
  const auto kernel = SampleKernel{}.segment(0x1000, 0x1000).segment(0x9000, 0x1000).build();
  EXPECT_EQ(good(request(kernel)).start_info, GuestAddress{0xa000});
}

TEST(Plan, PassesNoMapOnVersionZeroButKeepsItForPeople) {
  Request asked = request(kFixed);
  asked.version = 0;
  const BootPlan plan = good(asked);
  EXPECT_EQ(plan.version, 0U);
  EXPECT_FALSE(has_region(plan, "memory map"));
  EXPECT_FALSE(plan.memory_map.empty());
}

TEST(Plan, HasNoAcpiTablesWhereTheBoardHasNone) {
  EXPECT_EQ(region(good(request(kFixed)), "ACPI tables").range, at(0xe0000, 0x10000));
  Request asked = request(kFixed);
  asked.board.acpi = false;
  const BootPlan plan = good(asked);
  EXPECT_FALSE(has_region(plan, "ACPI tables"));
  EXPECT_EQ(std::ranges::count(plan.memory_map, 3U, &MapEntry::type), 0);
}

TEST(Plan, UsesNoRamThatTheUserCallsOtherwise) {
  Request asked = request(kTiny);
  asked.modules = {module(kMiB)};
  asked.user_ranges = {{2, at(0x1000, 0x1000)}, {7, at(100 * kMiB, 28 * kMiB)}};
  const BootPlan plan = good(asked);
  EXPECT_EQ(plan.start_info, GuestAddress{0x2000});
  EXPECT_EQ(region(plan, "module 0 (file)").range.end(), GuestAddress{100 * kMiB});
}

// A copy's regions would view the original's bytes.
static_assert(!std::is_copy_constructible_v<BootPlan> && !std::is_copy_assignable_v<BootPlan>);
static_assert(std::is_nothrow_move_constructible_v<BootPlan> && std::is_nothrow_move_assignable_v<BootPlan>);

TEST(Plan, StaysGoodWhenMoved) {
  const Request asked = request(kFixed);
  BootPlan assigned;
  {
    auto made = plan(asked);
    BootPlan moved = std::move(*made);
    EXPECT_EQ(broken_promise(asked, moved), "");
    assigned = std::move(moved);
  }
  EXPECT_EQ(broken_promise(asked, assigned), "");
  for (const Region& region : assigned.regions) {
    if (region.content.origin != Origin::kMade) continue;
    const auto& owned = assigned.made.at(region.content.index);
    EXPECT_EQ(region.content.bytes.data(), owned.data()) << region.name;
    EXPECT_EQ(region.content.bytes.size(), owned.size()) << region.name;
  }
}

TEST(Plan, TakesAThousandModulesWithCommandLines) {
  Request asked = request(kFixed);
  for (int i = 0; i < 1000; ++i) asked.modules.push_back(module(100 + i, "module " + std::to_string(i)));
  EXPECT_EQ(std::ranges::count(good(asked).regions, Origin::kModule,
                               [](const Region& r) { return r.content.origin; }),
            1000);
}

TEST(Plan, TakesAHundredThousandRanges) {
  Request asked = request(kTiny, 3 * kGiB);
  for (std::uint64_t i = 0; i < 100000; ++i)
    asked.user_ranges.push_back({2, at(64 * kMiB + i * 0x4000, 0x2000)});
  asked.modules = {module(kMiB), module(0x3000)};
  // Each of them and the RAM behind it, and the board's own 6.
  EXPECT_EQ(good(asked).memory_map.size(), 200006U);
}

// Relocation (NOTE-6).

TEST(Relocation, LeavesTheKernelWhereItIsLinkedIfItFitsThere) {
  EXPECT_EQ(good(request(kRelocatable)).entry, GuestAddress{16 * kMiB});
}

TEST(Relocation, TakesTheLowestPositionThatFitsWhereTheLinkedOneDoesNot) {
  Request asked = request(kRelocatable);
  asked.user_ranges = {{2, at(20 * kMiB, 0x1000)}};
  const BootPlan plan = good(asked);
  EXPECT_EQ(plan.entry, GuestAddress{22 * kMiB});
  EXPECT_EQ(plan.state.eip, 22 * kMiB);
}

TEST(Relocation, NeverPutsTheKernelAtAddressZero) {
  const auto kernel = SampleKernel{}.segment(kGiB, 0x10000).relocatable(0x8000).build();
  EXPECT_EQ(good(request(kernel)).entry, GuestAddress{0x8000});
}

TEST(Relocation, MovesTheKernelOutOfTheWayOfAModule) {
  const auto kernel = SampleKernel{}.segment(32 * kMiB, kMiB).relocatable(2 * kMiB).build();
  Request asked = request(kernel, 64 * kMiB);
  asked.modules = {module(40 * kMiB)};
  EXPECT_LT(good(asked).entry, GuestAddress{16 * kMiB});
}

TEST(Relocation, ObeysAGivenAddress) {
  Request asked = request(kRelocatable);
  asked.load_address = GuestAddress{82 * kMiB};
  EXPECT_EQ(good(asked).entry, GuestAddress{82 * kMiB});
}

TEST(Relocation, AllowsTheHighestPositionToTheByte) {
  const auto kernel = [](std::uint64_t max) {
    return SampleKernel{}.segment(2 * kMiB, kMiB).relocatable(kMiB, 0, max).build();
  };
  const auto exact = kernel(11 * kMiB - 1);
  const auto less = kernel(11 * kMiB - 2);
  Request asked = request(exact);
  asked.load_address = GuestAddress{10 * kMiB};
  EXPECT_EQ(good(asked).entry, GuestAddress{10 * kMiB});
  Request refused_one = request(less);
  refused_one.load_address = GuestAddress{10 * kMiB};
  EXPECT_EQ(refused(refused_one).what, Fault::kLoadAddressTooHigh);
}

TEST(Randomize, IsTheSameForASeedAndDiffersBetweenSeeds) {
  std::vector<GuestAddress> entries;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Request asked = request(kRelocatable, kGiB);
    asked.randomize_seed = seed;
    entries.push_back(good(asked).entry);
    EXPECT_EQ(good(asked).entry, entries.back());
    EXPECT_TRUE(entries.back().is_aligned(2 * kMiB));
    EXPECT_GE(entries.back().value(), 16 * kMiB);
  }
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  const auto different = std::distance(entries.begin(), repeated.begin());
  // 493 positions, 200 draws: 165 different ones are to be expected.
  EXPECT_GT(different, 130);
}

TEST(Randomize, ReachesEveryPosition) {
  // 16 MiB to 48 MiB by 2 MiB with a kernel of 24 MiB in 64 MiB: 16, 18, … 40.
  std::vector<int> hits(64);
  for (std::uint64_t seed = 0; seed < 1300; ++seed) {
    Request asked = request(kRelocatable, 64 * kMiB);
    asked.randomize_seed = seed;
    hits[plan(asked)->entry.value() / kMiB]++;
  }
  for (std::uint64_t mib = 16; mib <= 40; mib += 2) {
    EXPECT_GT(hits[mib], 60) << mib;
    EXPECT_LT(hits[mib], 150) << mib;
  }
}

TEST(Randomize, DoesNotFailWhereOnlyFewPositionsLeaveRoomForTheModules) {
  // The kernel and the module fill all but 64 KiB, so of a thousand positions four will do.
  const auto kernel = SampleKernel{}.segment(kMiB, kMiB).relocatable(64 * kKiB).build();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Request asked = request(kernel, 66 * kMiB + 64 * kKiB);
    asked.randomize_seed = seed;
    asked.modules = {module(64 * kMiB)};
    EXPECT_TRUE(plan(asked)) << seed;
  }
}

// What is refused.

struct Refusal {
  const char* name;
  Fault fault;
  Clause clause;
  std::function<void(Request&)> change;
  const image::KernelImage* kernel = &kFixed;
};

class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, ByItsFault) {
  Request asked = request(*GetParam().kernel);
  GetParam().change(asked);
  const Error error = refused(asked);
  EXPECT_EQ(error.what, GetParam().fault) << static_cast<int>(error.what);
  EXPECT_EQ(error.clause, GetParam().clause);
}

const image::KernelImage kAtZero = SampleKernel{}.segment(0, 0x1000).build();
const image::KernelImage kInTheHole = SampleKernel{}.segment(0x90000, 0x20000).build();
const image::KernelImage kOverTables = SampleKernel{}.segment(0xe8000, 0x1000).build();
const image::KernelImage kAbove = SampleKernel{}.segment(5 * kGiB, 0x1000).build();
const image::KernelImage kAcross = SampleKernel{}.segment(kFourGiB - 0x1000, 0x1001).build();
const image::KernelImage kBeyondTheHole = SampleKernel{}.segment(3 * kGiB, 0x1000).build();
const image::KernelImage kNarrow =
    SampleKernel{}.segment(3 * kGiB, kMiB).relocatable(kMiB, 16 * kMiB, 17 * kMiB - 2).build();

INSTANTIATE_TEST_SUITE_P(Plan, Refused,
                         ::testing::Values(Refusal{"NoMemory", Fault::kMemorySize, Clause::kNone,
                                                   [](Request& r) { r.memory_size = 0; }},
                                           Refusal{"HalfAPage", Fault::kMemorySize, Clause::kNone,
                                                   [](Request& r) { r.memory_size += 2048; }},
                                           Refusal{"TooMuchMemory", Fault::kMemorySize, Clause::kNone,
                                                   [](Request& r) { r.memory_size = 64 * kTiB; }},
                                           Refusal{"VersionTwo", Fault::kStartInfoVersion, Clause::kStart2,
                                                   [](Request& r) { r.version = 2; }},
                                           Refusal{
                                               "NulInTheCommandLine", Fault::kCommandLineNul, Clause::kStart5,
                                               [](Request& r) { r.command_line = std::string("a\0b", 3); }},
                                           Refusal{"UmlautInTheCommandLine", Fault::kCommandLineNotAscii,
                                                   Clause::kStart5,
                                                   [](Request& r) { r.command_line = "gr\xc3\xbc\xc3\x9f"; }},
                                           Refusal{"NulInAModulesCommandLine", Fault::kCommandLineNul,
                                                   Clause::kStart5,
                                                   [](Request& r) {
                                                     r.modules = {module(1), module(1, std::string("\0", 1))};
                                                   }},
                                           Refusal{
                                               "AddressWithoutNote", Fault::kNotRelocatable, Clause::kNote6,
                                               [](Request& r) { r.load_address = GuestAddress{32 * kMiB}; }},
                                           Refusal{"RandomWithoutNote", Fault::kNotRandomizable,
                                                   Clause::kNote6, [](Request& r) { r.randomize_seed = 1; }},
                                           Refusal{
                                               "UnalignedAddress", Fault::kLoadAddressUnaligned,
                                               Clause::kNote6,
                                               [](Request& r) { r.load_address = GuestAddress{33 * kMiB}; },
                                               &kRelocatable},
                                           Refusal{
                                               "LowAddress", Fault::kLoadAddressTooLow, Clause::kNote6,
                                               [](Request& r) { r.load_address = GuestAddress{14 * kMiB}; },
                                               &kRelocatable},
                                           Refusal{"HighAddress", Fault::kLoadAddressTooHigh, Clause::kNote6,
                                                   [](Request& r) {
                                                     r.load_address = GuestAddress{kGiB - 2 * kMiB};
                                                   },
                                                   &kRelocatable},
                                           Refusal{"WrappingAddress", Fault::kLoadAddressTooHigh,
                                                   Clause::kNote6,
                                                   [](Request& r) {
                                                     r.load_address = GuestAddress{0ULL - 2 * kMiB};
                                                   },
                                                   &kRelocatable},
                                           Refusal{
                                               "AddressBeyondMemory", Fault::kOutsideRam, Clause::kPlace2,
                                               [](Request& r) { r.load_address = GuestAddress{256 * kMiB}; },
                                               &kRelocatable},
                                           Refusal{"RangeOverTheTables", Fault::kRangeMeetsBoard,
                                                   Clause::kMap5,
                                                   [](Request&
                                                          r) { r.user_ranges = {{7, at(0xe0000, 0x1000)}}; }},
                                           Refusal{"RamBeyondMemory", Fault::kRamNotBacked, Clause::kMap5,
                                                   [](Request& r) {
                                                     r.user_ranges = {{1, at(kGiB, 0x1000)}};
                                                   }},
                                           Refusal{"KernelAtZero", Fault::kKernelAtZero,
                                                   Clause::kStart4, [](Request&) {}, &kAtZero},
                                           Refusal{"KernelIntoTheHole",
                                                   Fault::kMeetsReserved, Clause::kPlace2, [](Request&) {},
                                                   &kInTheHole},
                                           Refusal{"KernelOverTheTables", Fault::kMeetsReserved, Clause::kPlace2,
                                                   [](Request&) {}, &kOverTables},
                                           Refusal{"KernelUnderAUsersRange",
                                                   Fault::kMeetsReserved, Clause::kPlace2,
                                                   [](Request&
                                                          r) { r.user_ranges = {{7, at(20 * kMiB, 1)}}; }},
                                           Refusal{"KernelAboveFourGiB",
                                                   Fault::kKernelAbove4GiB, Clause::kStart8, [](Request&) {},
                                                   &kAbove},
                                           Refusal{
                                               "KernelAcrossFourGiB", Fault::kKernelAbove4GiB,
                                               Clause::kStart8, [](Request&) {}, &kAcross},
                                           Refusal{"KernelBeyondMemory", Fault::kOutsideRam, Clause::kPlace2,
                                                   [](Request& r) { r.memory_size = 20 * kMiB; }},
                                           Refusal{"KernelWhereNoMemoryEverIs", Fault::kNeverInRam,
                                                   Clause::kPlace2, [](Request&) {}, &kBeyondTheHole},
                                           Refusal{"KernelThatIsTooBigForItsLimits",
                                                   Fault::kNoKernelPositionEver, Clause::kPlace2,
                                                   [](Request&) {}, &kNarrow},
                                           Refusal{"RelocatableKernelInTooLittle", Fault::kNoKernelPosition,
                                                   Clause::kPlace2,
                                                   [](Request& r) { r.memory_size = 20 * kMiB; },
                                                   &kRelocatable},
                                           Refusal{"TablesBeyondMemory", Fault::kOutsideRam, Clause::kPlace2,
                                                   [](Request& r) { r.memory_size = 512 * kKiB; }, &kTiny},
                                           Refusal{"ModuleBesideTheKernel", Fault::kNoRoom, Clause::kPlace2,
                                                   [](Request& r) {
                                                     r.memory_size = 48 * kMiB;
                                                     r.modules = {module(32 * kMiB)};
                                                   }},
                                           Refusal{
                                               "ModuleInTheUsersOnlyRam", Fault::kNoRoomEver, Clause::kPlace2,
                                               [](Request& r) {
                                                 r.user_ranges = {
                                                     {2, at(64 * kMiB, 4 * kGiB - 96 * kMiB - 64 * kMiB)}};
                                                 r.modules = {module(32 * kMiB)};
                                               }}),
                         [](const auto& refusal) { return std::string(refusal.param.name); });

TEST(Refusals, NameTheByteOfTheCommandLine) {
  Request asked = request(kFixed);
  asked.modules = {module(1), module(1, "abc\xff")};
  const Error error = refused(asked);
  EXPECT_EQ(error.subject, "command line of module 1 (file)");
  EXPECT_EQ(error.where, 3U);
  EXPECT_EQ(error.found, Fact{Hex{0xff}});
}

TEST(Refusals, NameTheSegmentAndWhatStandsThere) {
  const auto kernel = SampleKernel{}.segment(kMiB, kMiB).segment(0x98000, 0x10000).build();
  const Error error = refused(request(kernel));
  EXPECT_EQ(error.thing, (Thing{"kernel segment 1", at(0x98000, 0x10000), {}}));
  EXPECT_EQ(error.obstacle, (Thing{"legacy video and ROM", at(0xa0000, 0x40000), {}}));
}

TEST(Refusals, NameTheModuleTheKernelAndTheMemoryThatWouldDo) {
  Request asked = request(kFixed, 48 * kMiB);
  asked.modules = {module(32 * kMiB, {}, "initrd.img")};
  const Error error = refused(asked);
  EXPECT_EQ(error.thing, (Thing{"module 0 (initrd.img)", {}, 32 * kMiB}));
  EXPECT_EQ(error.obstacle, (Thing{"the kernel", at(16 * kMiB, 24 * kMiB), {}}));
  EXPECT_EQ(error.found, Fact{Size{15 * kMiB}});
  EXPECT_EQ(error.memory_that_would_do, 72 * kMiB);
}

TEST(Refusals, NameTheLargestThatIsInTheWay) {
  Request asked = request(kFixed, 80 * kMiB);
  asked.modules = {module(32 * kMiB, {}, "large"), module(16 * kMiB, {}, "small")};
  EXPECT_EQ(refused(asked).obstacle, (Thing{"module 0 (large)", at(48 * kMiB, 32 * kMiB), {}}));
}

TEST(Refusals, NameTheMemoryThatWouldDoForAThousandModulesSoon) {
  Request asked = request(kFixed, 64 * kMiB);
  for (int i = 0; i < 1000; ++i) asked.modules.push_back(module(kMiB, "module " + std::to_string(i)));
  const auto before = std::chrono::steady_clock::now();
  const Error error = refused(asked);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  // 985 MiB above the kernel, and 15 below it.
  EXPECT_EQ(error.memory_that_would_do, 1025 * kMiB);
}

}  // namespace
}  // namespace pvh::boot
