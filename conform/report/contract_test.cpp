// The list of clauses and the page that is made from it.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "pvh/judge/clauses.hpp"
#include "pvh/report/contract_page.hpp"

namespace pvh::conform {
namespace {

TEST(Clauses, SayWhatIsAtStakeAndWhereTheyComeFrom) {
  for (const ClauseEntry& entry : clauses()) {
    EXPECT_FALSE(entry.text.empty()) << clause_id(entry.id);
    EXPECT_FALSE(entry.rationale.empty()) << clause_id(entry.id);
    EXPECT_FALSE(entry.source.empty()) << clause_id(entry.id);
    EXPECT_NE(entry.owed_by, 0) << clause_id(entry.id);
    EXPECT_EQ(clause_named(clause_id(entry.id)), entry.id);
    EXPECT_EQ(entry_of(entry.id).id, entry.id);
  }
  EXPECT_EQ(clause_named("MAP-99"), std::nullopt);
  EXPECT_EQ(clause_named(""), std::nullopt);
}

TEST(Clauses, HaveACheckOrSayWhyNone) {
  for (const ClauseEntry& entry : clauses())
    EXPECT_EQ(entry.check == nullptr, !why_no_check(entry).empty()) << clause_id(entry.id);
}

TEST(Clauses, OfAProducerAreJudgedFromACapture) {
  for (const ClauseEntry& entry : clauses())
    EXPECT_EQ((entry.owed_by & kProducer) != 0, entry.judged == Judged::kCapture) << clause_id(entry.id);
}

TEST(ContractPage, IsTheOneInDocs) {
  std::ifstream file(PVH_CONTRACT);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), contract_page()) << "make it anew: pvh conform list --markdown >docs/contract.md";
}

}  // namespace
}  // namespace pvh::conform
