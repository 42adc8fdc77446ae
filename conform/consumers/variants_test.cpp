// The variants as they come to lie in memory: each is read by our own guest reader, and differs from the
// plain one in what its changes say and in nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "pvh/consumers/vary.hpp"
#include "pvh/guest/start_info.hpp"
#include "world.hpp"

namespace pvh::consumers {
namespace {

using testing::World;

// Its plan views its own bytes.
static_assert(!std::is_copy_constructible_v<Made> && std::is_nothrow_move_constructible_v<Made>);

TEST(Variants, HaveNamesOfTheirOwnAndNeedWhatThereIs) {
  std::set<std::string_view> names;
  for (const Variant& variant : variants()) {
    EXPECT_TRUE(names.insert(variant.name).second) << variant.name;
    EXPECT_EQ(variant_named(variant.name), &variant);
    EXPECT_FALSE(variant.what.empty()) << variant.name;
    EXPECT_TRUE(variant.needs.empty() || variant_named(variant.needs) != nullptr) << variant.name;
    EXPECT_EQ(describe(variant).empty(), variant.name == "plain") << variant.name;
  }
  EXPECT_EQ(variants().front().name, "plain");
  EXPECT_EQ(variant_named("no such"), nullptr);
}

TEST(Variants, ThereIsOneForEachClauseThatAConsumerOwes) {
  for (const conform::ClauseEntry& entry : conform::clauses()) {
    if ((entry.owed_by & conform::kConsumer) == 0) continue;
    EXPECT_TRUE(std::ranges::any_of(variants(), [&](const Variant& v) { return v.clause == entry.id; }))
        << "no variant is about " << clause_id(entry.id);
  }
}

TEST(Variants, AreReadByOurGuestReader) {
  World world;
  for (const Variant& variant : variants()) {
    SCOPED_TRACE(variant.name);
    const auto made = world.made(variant);
    const auto memory = World::loaded(made);
    const auto info = guest::StartInfo::parse(memory->view(), made.plan.state.ebx);
    if (variant.owed == Owed::kStop) {
      EXPECT_FALSE(info);
      continue;
    }
    ASSERT_TRUE(info);
    EXPECT_EQ(info->version(), made.given.version);
    ASSERT_EQ(info->module_count(), made.given.modules.size());
    for (std::uint32_t i = 0; i < info->module_count(); ++i) {
      const auto module = info->module(i);
      ASSERT_TRUE(module);
      EXPECT_EQ(module->size, made.given.modules[i].size);
      EXPECT_EQ(info->command_line_of(*module).is_absent(), !made.given.modules[i].command_line.has_value());
    }
    const auto line = info->command_line();
    EXPECT_EQ(line ? std::optional(line->size) : std::nullopt,
              made.given.command_line ? std::optional(made.given.command_line->size()) : std::nullopt);
    EXPECT_EQ(info->memory_map().is_absent(), !made.given.map.has_value());
    EXPECT_EQ(info->rsdp().is_absent(), !made.given.acpi);
  }
}

/// All that a guest can see, by name.
std::map<std::string, std::string> seen(const Made& made, World::Memory& memory) {
  const boot::BootPlan& plan = made.plan;
  std::map<std::string, std::string> out;
  const auto text = [](auto... values) { return ((std::to_string(values) + " ") + ...); };
  const auto region = [&](const std::string& name) {
    const auto found = std::ranges::find(plan.regions, name, &boot::Region::name);
    return found == plan.regions.end() ? 0 : found->range.start().value();
  };
  hvm_start_info info{};
  memory.read(plan.state.ebx, &info, sizeof info);
  out["start info's place"] = text(plan.state.ebx);
  out["tables' places"] = text(region("module list"), region("memory map"));
  out["magic"] = text(info.magic);
  out["version"] = text(info.version);
  out["flags"] = text(info.flags);
  out["command line"] = made.given.command_line.value_or("(none)");
  out["modules"] = text(info.nr_modules);
  for (const ModuleGiven& module : made.given.modules) out["modules"] += module.command_line.value_or("-");
  out["acpi"] = text(info.rsdp_paddr != 0);
  out["map members"] = text(info.memmap_entries == 0, info.memmap_paddr == 0, info.memmap_paddr > kFourGiB);
  out["reserved"] = text(info.reserved);
  if (made.given.map)
    for (const RawEntry& e : *made.given.map) out["map"] += text(e.at, e.size, e.type);
  out["memory"] = text(plan.memory_size);
  out["kernel"] = text(plan.entry.value());
  out["selectors"] = text(plan.state.cs.selector, plan.state.data.selector, plan.state.tr.selector);
  out["registers"] = text(plan.state.open.eax, plan.state.open.esp, plan.state.open.edi);
  return out;
}

/// What a change may change of that.
struct Touched {
  using Names = std::set<std::string>;
  Names operator()(const Version&) const { return {"version", "map", "map members", "tables' places"}; }
  Names operator()(const NoAcpi&) const { return {"acpi", "map"}; }
  Names operator()(const Memory&) const { return {"memory", "map"}; }
  Names operator()(const CommandLineOf&) const { return {"command line"}; }
  Names operator()(const ModulesOf&) const { return {"modules", "tables' places"}; }
  Names operator()(const Ranges&) const { return {"map", "tables' places"}; }
  Names operator()(const MovedBy&) const { return {"kernel"}; }
  Names operator()(const NoCommandLine&) const { return {"command line"}; }
  Names operator()(const Member& change) const {
    if (change.name.starts_with("memmap_")) return {"map", "map members"};
    return {std::string(change.name)};
  }
  Names operator()(const MapTurnedRound&) const { return {"map"}; }
  Names operator()(const EntryAdded&) const { return {"map", "tables' places"}; }
  Names operator()(const RamCut&) const { return {"map", "tables' places"}; }
  Names operator()(const ReservedWords&) const { return {"reserved"}; }
  Names operator()(const Placed& change) const {
    Names out;
    if (change.what != What::kTables) out.insert("start info's place");
    if (change.what != What::kStartInfo) out.insert("tables' places");
    return out;
  }
  Names operator()(const Selectors&) const { return {"selectors"}; }
  Names operator()(const Registers&) const { return {"registers"}; }
};

TEST(Variants, DifferFromThePlainOneInWhatTheirChangesSay) {
  World world;
  const auto plain = world.made(variants().front());
  const auto plain_memory = World::loaded(plain);
  const auto was = seen(plain, *plain_memory);
  for (const Variant& variant : variants().subspan(1)) {
    // As the plain one has no module, no module is what that one is, for this kernel.
    if (variant.name == "modules-0") continue;
    SCOPED_TRACE(variant.name);
    const auto made = world.made(variant);
    const auto memory = World::loaded(made);
    Touched::Names allowed;
    for (const Change& change : variant.changes) allowed.merge(std::visit(Touched{}, change));
    Touched::Names differing;
    for (const auto& [name, value] : seen(made, *memory))
      if (!was.contains(name) || was.at(name) != value) differing.insert(name);
    for (const auto& [name, value] : was)
      if (name == "map" && !made.given.map) differing.insert(name);
    EXPECT_THAT(allowed, ::testing::IsSupersetOf(differing));
    EXPECT_FALSE(differing.empty());
  }
}

TEST(Variants, HaveAsManyEntriesAsTheySay) {
  World world;
  for (const std::size_t count : {129, 300, 1000})
    EXPECT_EQ(world.made(*variant_named("map-" + std::to_string(count))).given.map->size(), count);
}

TEST(Variants, PutTheStartInfoWhereTheySay) {
  World world;
  EXPECT_EQ(world.made(*variant_named("start-info-last-page")).plan.state.ebx, kGiB - 56);
  EXPECT_EQ(world.made(*variant_named("start-info-above-1g")).plan.state.ebx, 3 * kGiB / 2);
  EXPECT_NE(world.made(*variant_named("start-info-unaligned")).plan.state.ebx % 2, 0U);
}

TEST(Variants, CannotMoveAKernelThatDoesNotAllowIt) {
  World world;
  const auto fixed = boot::testing::SampleKernel{}.segment(kMiB, 64 * kKiB).build();
  const auto made = make({.kernel = fixed, .command_line = "x"}, *variant_named("relocated"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().what, Fault::kVariantImpossible);
}

TEST(RamOf, LetsRamLoseWhatOverlaps) {
  EXPECT_EQ(ram_of({{0x1000, 0x9000, 1, 0}, {0x3000, 0x1000, 2, 0}, {0x4000, 0, 2, 0}}),
            (std::vector<Span>{{0x1000, 0x3000}, {0x4000, 0xa000}}));
}

TEST(RamOf, JoinsWhatTouchesAndSorts) {
  EXPECT_EQ(ram_of({{0x3000, 0x1000, 1, 0}, {0x1000, 0x2000, 1, 0}}), (std::vector<Span>{{0x1000, 0x4000}}));
}

TEST(RamOf, DoesNotBelieveAnEntryThatWraps) {
  EXPECT_TRUE(ram_of({{0xfffffffffffff000, 0x2000, 1, 0}}).empty());
}

TEST(Variants, AreAboutClausesThatAKernelOwes) {
  for (const Variant& variant : variants()) {
    const conform::ClauseEntry& entry = conform::entry_of(variant.clause);
    EXPECT_NE(entry.owed_by & conform::kConsumer, 0) << variant.name << ": " << clause_id(variant.clause);
    // What is only advised is explained where the clause is.
    if (variant.severity == entry.severity) continue;
    EXPECT_THAT(std::string(entry.reading), ::testing::HasSubstr("advised against")) << variant.name;
  }
}

}  // namespace
}  // namespace pvh::consumers
