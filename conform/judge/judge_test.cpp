// Each planted fault is reported as its clause and no other; and there is one for each clause.
#include "pvh/judge/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <set>
#include <sstream>

#include "pvh/judge_testing/good_capture.hpp"
#include "pvh/judge_testing/plants.hpp"

namespace pvh::conform {

// Found by argument-dependent lookup.
static void PrintTo(const Finding& finding, std::ostream* out) {
  *out << clause_id(finding.clause) << " " << verdict_name(finding.judgement.verdict) << ": "
       << finding.judgement.seen;
}

namespace {

std::vector<Finding> broken_in(const Capture& capture) {
  auto findings = judge(capture);
  std::erase_if(findings, [](const Finding& f) { return f.judgement.verdict != Verdict::kBroken; });
  return findings;
}

const Finding& finding_of(const std::vector<Finding>& findings, Clause clause) {
  return *std::ranges::find(findings, clause, &Finding::clause);
}

TEST(Judge, FindsNothingBrokenInAGoodCapture) {
  const auto findings = judge(testing::good_capture());
  for (const Finding& finding : findings) {
    const Verdict verdict = finding.judgement.verdict;
    EXPECT_TRUE(verdict == Verdict::kPass || verdict == Verdict::kNotSeen)
        << ::testing::PrintToString(finding);
  }
  // What a case has to be made for.
  const std::set<Clause> others{Clause::kNote1, Clause::kNote2, Clause::kNote3,
                                Clause::kNote4, Clause::kNote5, Clause::kPlace2};
  for (const Finding& finding : findings)
    EXPECT_EQ(finding.judgement.verdict == Verdict::kNotSeen, others.contains(finding.clause));
}

TEST(Judge, SaysWhatWasSeenAndWhatWasOwed) {
  for (const Finding& finding : judge(testing::good_capture())) {
    EXPECT_NE(finding.judgement.seen, "") << clause_id(finding.clause);
    EXPECT_TRUE(finding.judgement.verdict != Verdict::kPass || !finding.judgement.owed.empty());
  }
}

class PlantedFault : public ::testing::TestWithParam<testing::Plant> {};

TEST_P(PlantedFault, IsReportedAsItsClauseAndNoOther) {
  Capture capture = testing::good_capture();
  GetParam().spoil(capture);
  const auto broken = broken_in(capture);
  ASSERT_THAT(broken, ::testing::SizeIs(1));
  EXPECT_EQ(broken.front().clause, GetParam().clause) << clause_id(broken.front().clause);
  EXPECT_NE(broken.front().judgement.seen, "");
  EXPECT_NE(broken.front().judgement.owed, "");
}

TEST_P(PlantedFault, IsStillFoundInTheWrittenCapture) {
  Capture capture = testing::good_capture();
  GetParam().spoil(capture);
  const auto read = read_capture(write_capture(capture));
  ASSERT_TRUE(read);
  const auto broken = broken_in(*read);
  ASSERT_THAT(broken, ::testing::SizeIs(1));
  EXPECT_EQ(broken.front().clause, GetParam().clause);
}

std::string test_name(const ::testing::TestParamInfo<testing::Plant>& plant) {
  std::string name;
  for (const char c : std::string(clause_id(plant.param.clause)) + " " + std::string(plant.param.what)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += letter ? c : '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Judge, PlantedFault,
                         ::testing::ValuesIn(testing::plants().begin(), testing::plants().end()), test_name);

TEST(Plants, ThereIsOneForEachClauseThatACaptureTellsOf) {
  for (const ClauseEntry& entry : clauses()) {
    if (entry.judged != Judged::kCapture) continue;
    EXPECT_TRUE(
        std::ranges::any_of(testing::plants(), [&](const auto& plant) { return plant.clause == entry.id; }))
        << "no planted fault breaks " << clause_id(entry.id);
  }
}

TEST(Judge, HoldsADeadGuestAgainstWhatTheCaseWasMadeFor) {
  Capture capture;
  capture.asked = {.name = "long command line", .about = Clause::kStart5};
  capture.outcome = Outcome::kHung;
  capture.words = "nothing was printed within 20 s";
  const auto broken = broken_in(capture);
  ASSERT_THAT(broken, ::testing::SizeIs(1));
  EXPECT_EQ(broken.front().clause, Clause::kStart5);
  EXPECT_EQ(broken.front().judgement.seen, capture.words);
}

TEST(Judge, LetsAProducerAddWordsToTheCommandLine) {
  Capture capture = testing::good_capture();
  capture.asked.command_line = "one=1";
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
}

TEST(Judge, ComparesALongCommandLineByItsChecksum) {
  constexpr std::uint64_t kFree = 0x20000;
  const std::string asked(100000, 'x');
  Capture capture = testing::good_capture();
  testing::put(capture, testing::kStartInfo + 24, kFree);
  capture.asked.command_line = asked;
  capture.strings.push_back({kFree, asked.size(), true});
  capture.checksums.push_back({kFree, asked.size(), crc32(as_bytes(asked))});
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kPass);
  capture.checksums.back().crc32 ^= 1U;
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kBroken);
}

TEST(Judge, PassesARefusalThatSaysWhatWouldDo) {
  Capture capture;
  capture.asked = {.fits = false};
  capture.outcome = Outcome::kRefused;
  capture.words = "module 0, 20 MiB, does not fit beside the kernel, 9 MiB; 43M would do";
  capture.asked.memory = 16 * kMiB;
  capture.asked.modules = std::vector<ModuleAsked>{{.size = 20 * kMiB}};
  EXPECT_EQ(finding_of(judge(capture), Clause::kPlace2).judgement.verdict, Verdict::kPass);
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
}

TEST(Judge, WantsBothThingsThatDoNotFitNamed) {
  Capture capture;
  capture.asked = {.kernel = "probe", .memory = 16 * kMiB, .modules = {{{.size = 20 * kMiB}}}, .fits = false};
  capture.outcome = Outcome::kRefused;
  capture.words = "initrd is too large (max: 16777215, need 20971520)";
  const auto findings = judge(capture);
  const Judgement& judgement = finding_of(findings, Clause::kPlace2).judgement;
  EXPECT_EQ(judgement.verdict, Verdict::kBroken);
  EXPECT_THAT(judgement.owed,
              ::testing::HasSubstr("the module (20 MiB) and the kernel (probe) or the memory (16 MiB)"));
  capture.outcome = Outcome::kCaptured;
  EXPECT_THAT(finding_of(judge(capture), Clause::kPlace2).judgement.seen, ::testing::HasSubstr("20 MiB"));
}

TEST(Judge, SaysNothingOfSegmentsThatNobodyCanSee) {
  Capture capture = testing::good_capture();
  for (const char* name : {"cs", "ds", "es", "ss", "tr"}) capture.registers[name] = 0;
  const auto findings = judge(capture);
  EXPECT_EQ(finding_of(findings, Clause::kCpu3).judgement.verdict, Verdict::kNotSeen);
  EXPECT_EQ(finding_of(findings, Clause::kCpu4).judgement.verdict, Verdict::kNotSeen);
}

TEST(Judge, HoldsNothingAgainstWhatIsNotShown) {
  std::ifstream file(PVH_CAPTURE_PAGE);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string page = text.str();
  const std::size_t start = page.find("```json\n") + 8;
  const auto capture = read_capture(page.substr(start, page.find("```", start) - start));
  ASSERT_TRUE(capture) << "the example in docs/capture.md";
  const auto findings = judge(*capture);
  EXPECT_THAT(broken_in(*capture), ::testing::IsEmpty());
  for (const Clause unseen : {Clause::kStart5, Clause::kStart8, Clause::kMap3, Clause::kMap5, Clause::kCpu3,
                              Clause::kCpu4, Clause::kPlace1})
    EXPECT_EQ(finding_of(findings, unseen).judgement.verdict, Verdict::kNotSeen) << clause_id(unseen);
}

TEST(Judge, PassesNothingThatWasAskedForInSecret) {
  Capture capture = testing::good_capture();
  capture.asked = {.name = "who knows"};
  const auto findings = judge(capture);
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
  for (const Clause unseen : {Clause::kStart5, Clause::kStart6, Clause::kMap5})
    EXPECT_EQ(finding_of(findings, unseen).judgement.verdict, Verdict::kNotSeen) << clause_id(unseen);
}

TEST(Judge, PassesNoModuleWhoseBytesAreNotShown) {
  Capture capture = testing::good_capture();
  capture.checksums.clear();
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart6).judgement.verdict, Verdict::kNotSeen);
}

TEST(Judge, PassesNoMapOfWhichNothingWasTried) {
  Capture capture = testing::good_capture();
  capture.ram.clear();
  EXPECT_EQ(finding_of(judge(capture), Clause::kMap5).judgement.verdict, Verdict::kNotSeen);
}

TEST(Judge, LearnsNothingOfTheTaskRegisterFromATssThatIsAvailable) {
  Capture capture = testing::good_capture();
  testing::put(capture, testing::kGdt + 24 + 5, std::uint8_t{0x89});
  EXPECT_EQ(finding_of(judge(capture), Clause::kCpu4).judgement.verdict, Verdict::kNotSeen);
  capture.segments["tr"] = {0x18, 0, 0x67, 0x89};
  EXPECT_EQ(finding_of(judge(capture), Clause::kCpu4).judgement.verdict, Verdict::kNotSeen);
  capture.segments["tr"] = {0x18, 0, 0x67, 0x8b};
  EXPECT_EQ(finding_of(judge(capture), Clause::kCpu4).judgement.verdict, Verdict::kPass);
  capture.segments["tr"] = {0x18, 0, 0x67, 0x808b};
  EXPECT_EQ(finding_of(judge(capture), Clause::kCpu4).judgement.verdict, Verdict::kBroken);
}

TEST(Judge, BlamesAWrongEbxOnNothingElse) {
  Capture capture = testing::good_capture();
  capture.asked.about = Clause::kStart6;
  capture.registers["ebx"] = 0x9000;
  const std::vector<std::byte> zeros(56);
  ASSERT_TRUE(add_memory(capture.memory, 0x9000, zeros));
  const auto broken = broken_in(capture);
  ASSERT_THAT(broken, ::testing::SizeIs(1));
  EXPECT_EQ(broken.front().clause, Clause::kCpu1);
}

TEST(Judge, CountsMemoryOnceThatTwoEntriesList) {
  Capture capture = testing::good_capture();
  // The reserved second entry becomes RAM that the first has already.
  testing::put(capture, testing::kMap + 24, std::uint64_t{0x10000});
  testing::put(capture, testing::kMap + 24 + 8, std::uint64_t{0x20000});
  testing::put(capture, testing::kMap + 24 + 16, std::uint32_t{1});
  const auto broken = broken_in(capture);
  ASSERT_THAT(broken, ::testing::SizeIs(1));
  EXPECT_EQ(broken.front().clause, Clause::kMap3);
}

TEST(Judge, TakesARefusalForAnAnswerWhereAKernelWouldHaveToBeMoved) {
  Capture capture;
  capture.asked = {.about = Clause::kNote6, .relocation = RelocationGiven{0x1000, 0x100000, 0xffffffff}};
  capture.outcome = Outcome::kRefused;
  capture.words = "segment 0 at 0x40000000 is beyond memory";
  EXPECT_EQ(finding_of(judge(capture), Clause::kNote6).judgement.verdict, Verdict::kPass);
  // To leave it where no memory is breaks PLACE-2, and another case shows that.
  capture.outcome = Outcome::kHung;
  EXPECT_EQ(finding_of(judge(capture), Clause::kNote6).judgement.verdict, Verdict::kNotSeen);
}

TEST(Judge, LetsAProducerRefuseWhatNoClauseOwes) {
  Capture capture;
  capture.asked = {.about = Clause::kStart5, .command_line = std::string(5000, 'x')};
  capture.outcome = Outcome::kRefused;
  capture.words = "the command line has 5000 bytes, more than the 2048 that fit";
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kPass);
  capture.words = "unknown option. usage: mon KERNEL [--append TEXT]";
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kNotSeen);
  capture.words = "cannot open /dev/kvm";
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kNotSeen);
  capture.asked = {.about = Clause::kMap5, .memory = 5 * kGiB};
  capture.words = "cannot allocate 5 GiB";
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
  // An ordinary guest it owes.
  capture.asked = {.about = Clause::kStart1};
  EXPECT_THAT(broken_in(capture), ::testing::SizeIs(1));
}

TEST(Judge, ComparesCommandLinesByWords) {
  for (const char* const asked : {"one=", "onsole=ttyS0", "ttyS0 one", "console=ttyS0 one=10"}) {
    Capture capture = testing::good_capture();
    capture.asked.command_line = asked;
    const auto broken = broken_in(capture);
    ASSERT_THAT(broken, ::testing::SizeIs(1)) << asked;
    EXPECT_EQ(broken.front().clause, Clause::kStart5);
  }
}

TEST(Judge, DoesNotGuessWhatALineHoldsThatIsNotShown) {
  Capture capture = testing::good_capture();
  testing::take(capture, testing::kCommandLine, 20);
  capture.strings.push_back({testing::kCommandLine, 19, true});
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kNotSeen);
  capture.strings.back().length = 12;
  EXPECT_EQ(finding_of(judge(capture), Clause::kStart5).judgement.verdict, Verdict::kBroken);
}

TEST(Judge, LearnsNothingFromAStartInfoThatIsShownInPart) {
  Capture capture = testing::good_capture();
  testing::take(capture, testing::kStartInfo + 40, 16);
  const auto findings = judge(capture);
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
  for (const Clause unseen : {Clause::kStart6, Clause::kStart8, Clause::kMap1, Clause::kMap3, Clause::kMap4,
                              Clause::kMap5, Clause::kPlace1})
    EXPECT_EQ(finding_of(findings, unseen).judgement.verdict, Verdict::kNotSeen) << clause_id(unseen);
}

TEST(Judge, TakesAnEntryThatEndsWithTheAddressSpace) {
  Capture capture = testing::good_capture();
  testing::put(capture, testing::kMap + 4 * 24, std::uint64_t{0xfffffffffffff000});
  testing::put(capture, testing::kMap + 4 * 24 + 8, std::uint64_t{0x1000});
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
}

TEST(Judge, WantsAKernelRefusedThatNobodyCanBoot) {
  Capture capture;
  capture.asked = {.about = Clause::kNote2, .kernel = "probe, 12-byte note", .bootable = false};
  capture.outcome = Outcome::kRefused;
  capture.words = "the note has a descriptor of 12 bytes";
  EXPECT_EQ(finding_of(judge(capture), Clause::kNote2).judgement.verdict, Verdict::kPass);
  for (const Outcome bad : {Outcome::kHung, Outcome::kDied, Outcome::kGarbage, Outcome::kCaptured}) {
    capture.outcome = bad;
    EXPECT_EQ(finding_of(judge(capture), Clause::kNote2).judgement.verdict, Verdict::kBroken);
  }
  capture.outcome = Outcome::kRefused;
  capture.words.clear();
  EXPECT_EQ(finding_of(judge(capture), Clause::kNote2).judgement.verdict, Verdict::kBroken);
}

TEST(Judge, AdvisesWhereNothingIsForbidden) {
  Capture capture = testing::good_capture();
  testing::put(capture, testing::kStartInfo + 4, std::uint32_t{2});
  const std::vector<CaseResult> results{{capture, judge(capture)}};
  EXPECT_EQ(overall(results, Clause::kStart2), Verdict::kBroken);
  EXPECT_TRUE(is_only_advised(results, Clause::kStart2));
  testing::put(capture, testing::kStartInfo + 8, std::uint32_t{2});
  const std::vector<CaseResult> worse{{capture, judge(capture)}};
  EXPECT_EQ(overall(worse, Clause::kStart3), Verdict::kBroken);
  EXPECT_FALSE(is_only_advised(worse, Clause::kStart3));
  EXPECT_FALSE(is_only_advised(worse, Clause::kStart1));
}

TEST(Judge, PassesNoNoteWhereTheGuestBeganElsewhere) {
  Capture capture = testing::good_capture();
  capture.asked.about = Clause::kNote3;
  EXPECT_EQ(finding_of(judge(capture), Clause::kNote3).judgement.verdict, Verdict::kPass);
  capture.image->entry = testing::kImage;
  const auto findings = judge(capture);
  EXPECT_EQ(finding_of(findings, Clause::kNote3).judgement.verdict, Verdict::kNotSeen);
  EXPECT_EQ(finding_of(findings, Clause::kNote5).judgement.verdict, Verdict::kBroken);
}

TEST(Judge, LetsAProducerAddWordsToNone) {
  Capture capture = testing::good_capture();
  capture.asked.command_line = "";
  EXPECT_THAT(broken_in(capture), ::testing::IsEmpty());
}

TEST(Overall, IsBrokenWhereOneCaseBrokeIt) {
  const Capture good = testing::good_capture();
  Capture bad = good;
  bad.registers["cr4"] = 1;
  const std::vector<CaseResult> results{{good, judge(good)}, {bad, judge(bad)}};
  EXPECT_EQ(overall(results, Clause::kCpu2), Verdict::kBroken);
  EXPECT_EQ(overall(results, Clause::kCpu5), Verdict::kPass);
  EXPECT_EQ(overall(results, Clause::kNote1), Verdict::kNotSeen);
}

}  // namespace
}  // namespace pvh::conform
