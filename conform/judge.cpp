#include "pvh/conform/judge.hpp"

#include "evidence.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

/// Where there is no start of day to look at: the clause that the case was made for is broken, and of the
/// others nothing is known.
Judgement without_capture(const Capture& capture, const ClauseEntry& entry) {
  if (entry.id != capture.asked.about) return not_seen("the guest did not tell: " + capture.words);
  return broken(capture.words, "a guest that comes up in this case");
}

}  // namespace

std::vector<Finding> judge(const Capture& capture) {
  const Evidence evidence = gather(capture);
  std::vector<Finding> findings;
  for (const ClauseEntry& entry : clauses()) {
    if ((entry.owed_by & kProducer) == 0) continue;
    const bool told = capture.outcome == Outcome::kCaptured || entry.id == Clause::kPlace2;
    findings.push_back({entry.id, told ? entry.check(evidence) : without_capture(capture, entry)});
  }
  return findings;
}

Verdict overall(const std::vector<CaseResult>& results, Clause clause) {
  bool passed = false;
  bool unseen = false;
  for (const CaseResult& result : results) {
    for (const Finding& finding : result.findings) {
      if (finding.clause != clause) continue;
      if (finding.judgement.verdict == Verdict::kBroken) return Verdict::kBroken;
      passed = passed || finding.judgement.verdict == Verdict::kPass;
      unseen = unseen || finding.judgement.verdict == Verdict::kNotSeen;
    }
  }
  if (passed) return Verdict::kPass;
  return unseen ? Verdict::kNotSeen : Verdict::kNotApplicable;
}

}  // namespace pvh::conform
