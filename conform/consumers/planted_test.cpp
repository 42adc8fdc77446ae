// A bad consumer is caught by its clause and no other; and there is one for each clause that a variant is
// about. Run on the host, over the plan's memory: what needs a processor is in tests/system/conform.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "planted_consumer.h"
#include "pvh/consumers/run.hpp"
#include "pvh/consumers/verdict.hpp"
#include "pvh/guest/machine.h"
#include "world.hpp"

namespace {
std::string g_printed;
}

// The kernel's output, on the host.
extern "C" void pvh_print(const char* text) {
  g_printed += text;
}
extern "C" void pvh_print_hex(uint64_t value) {
  g_printed += fmt::format("{:#018x}", value);
}
extern "C" void pvh_print_decimal(uint64_t value) {
  g_printed += std::to_string(value);
}

namespace pvh::consumers {
namespace {

using testing::World;

/// What only a processor shows: kernels/CMakeLists.txt has their plants.
const std::set<Clause> kOfTheProcessor{Clause::kCpu3, Clause::kCpu6, Clause::kNote6};

/// Judged once, though two tests look at one of them: where nothing is optimised, a long map takes half a
/// minute.
const std::vector<VariantResult>& results_of(std::string_view plant) {
  const std::string name(plant);
  static const World world;
  static std::map<std::string, std::vector<VariantResult>> known;
  std::vector<VariantResult>& results = known[name];
  if (!results.empty()) return results;
  for (const Variant& variant : variants()) {
    const Made made = world.made(variant);
    const auto memory = World::loaded(made);
    const pvh_memory view = memory->view();
    g_printed.clear();
    planted_consumer(&view, made.plan.state.ebx, name.c_str(), made.plan.entry.value() + 64 * kKiB);
    results.push_back(judge(variant, made.given, {.output = g_printed}));
  }
  leave_out_what_tells_nothing(results);
  return results;
}

std::set<Clause> broken_in(const std::vector<VariantResult>& results) {
  std::set<Clause> out;
  for (const VariantResult& result : results)
    if (!lives(result.verdict) && result.verdict != Verdict::kCannot) out.insert(result.variant->clause);
  return out;
}

/// But for the processor's.
std::vector<Clause> clauses_of_variants() {
  std::set<Clause> out;
  for (const Variant& variant : variants())
    if (!kOfTheProcessor.contains(variant.clause)) out.insert(variant.clause);
  return {out.begin(), out.end()};
}

TEST(Consumer, ThatKeepsTheContractLivesWithEveryVariant) {
  for (const VariantResult& result : results_of(""))
    EXPECT_EQ(result.verdict, Verdict::kExact) << result.variant->name << ": " << result.seen << result.words;
}

class PlantedConsumer : public ::testing::TestWithParam<Clause> {};

TEST_P(PlantedConsumer, IsCaughtByItsClauseAndNoOther) {
  if (kOfTheProcessor.contains(GetParam()))
    GTEST_SKIP() << "only a processor shows it: system/conform/planted";
  const auto& results = results_of(clause_id(GetParam()));
  EXPECT_THAT(broken_in(results), ::testing::ElementsAre(GetParam()));
  EXPECT_FALSE(keeps_the_contract({.consumer = "planted", .results = results}));
}

INSTANTIATE_TEST_SUITE_P(Consumer, PlantedConsumer, ::testing::ValuesIn(clauses_of_variants()),
                         [](const auto& tested) {
                           std::string name(clause_id(tested.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Plants, ThereIsOneForEachClauseThatAConsumerOwes) {
  const auto of_variants = clauses_of_variants();
  for (const conform::ClauseEntry& entry : conform::clauses()) {
    if ((entry.owed_by & conform::kConsumer) == 0) continue;
    EXPECT_TRUE(std::ranges::count(of_variants, entry.id) == 1 || kOfTheProcessor.contains(entry.id))
        << "no planted consumer breaks " << clause_id(entry.id);
  }
}

TEST(Consumer, ThatCountsEntriesInEightBitsIsSaidToTakeTheFirst44Of300) {
  for (const VariantResult& result : results_of("MAP-4")) {
    if (result.variant->name != "map-300") continue;
    EXPECT_THAT(result.seen, ::testing::HasSubstr("as of the first 44 entries"));
    EXPECT_THAT(result.owed, ::testing::HasSubstr("300 entries"));
  }
}

}  // namespace
}  // namespace pvh::consumers
