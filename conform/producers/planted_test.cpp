// Real producers that break one clause each, judged as any other: the fault is found as its clause and as no
// other, on a processor. conform/producers/testing/planted_producer.cpp is what they do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "pvh/producers/process.hpp"
#include "pvh/producers/producers.hpp"
#include "pvh/report/report.hpp"

namespace pvh::runners {
namespace {

/// Cases in which between them every clause can be broken.
const std::vector<std::string> kCases{"plain",
                                      "three modules",
                                      "300 map entries",
                                      "another's note 18",
                                      "4-byte descriptor",
                                      "8-aligned notes",
                                      "two note segments",
                                      "20 MiB of module in 16 MiB"};

/// Clauses that were broken in any case, and where.
std::set<std::string> broken_by(const std::string& plant) {
  EXPECT_EQ(::setenv("PLANT", plant.c_str(), 1), 0);
  const auto report =
      run_producer("pvh-qemu", {.pvh = PLANTED_PRODUCER, .only = kCases, .limit = std::chrono::seconds(20)});
  EXPECT_TRUE(report);
  std::set<std::string> out;
  if (!report) return out;
  EXPECT_EQ(report->results.size(), kCases.size());
  for (const auto& [capture, findings] : report->results)
    for (const conform::Finding& finding : findings) {
      if (finding.judgement.verdict != conform::Verdict::kBroken) continue;
      out.insert(std::string(clause_id(finding.clause)));
      std::printf("%s: %s: %s\n", capture.asked.name.c_str(), clause_id(finding.clause).data(),
                  finding.judgement.seen.c_str());
    }
  return out;
}

class PlantedProducer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!run_process({"qemu-system-x86_64", "--version"}, std::chrono::seconds(20)).started)
      GTEST_SKIP() << "there is no QEMU";
  }
};

TEST_P(PlantedProducer, IsFoundByItsClauseAndNoOther) {
  const std::set<std::string> expected =
      GetParam() == "none" ? std::set<std::string>{} : std::set<std::string>{GetParam()};
  EXPECT_EQ(broken_by(GetParam()), expected);
}

/// Every clause that a capture tells of: a new one without a fault here fails.
std::vector<std::string> plants() {
  std::vector<std::string> out{"none"};
  for (const conform::ClauseEntry& entry : conform::clauses())
    if (entry.judged == conform::Judged::kCapture) out.emplace_back(clause_id(entry.id));
  return out;
}

INSTANTIATE_TEST_SUITE_P(Every, PlantedProducer, ::testing::ValuesIn(plants()), [](const auto& plant) {
  std::string name = plant.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace pvh::runners
