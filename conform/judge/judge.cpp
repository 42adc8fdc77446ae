#include "pvh/judge/judge.hpp"

#include <algorithm>

#include "judgements.hpp"
#include "pvh/capture/evidence.hpp"

namespace pvh::conform {
namespace {

/// Whether a producer that says why it does not do this keeps to the contract all the same: no clause owes it
/// five GiB, a thousand modules or a kernel elsewhere. It does owe a guest for an ordinary case, and for a
/// kernel that is as good as others.
bool may_be_refused(const Case& asked) {
  switch (asked.about) {
    case Clause::kNote1:
    case Clause::kNote2:
    case Clause::kNote3:
    case Clause::kNote4:
    case Clause::kNote5:
    case Clause::kStart1:
      return false;
    default:
      return true;
  }
}

/// Where there is no start of day to look at: the clause that the case was made for is broken, and of the
/// others nothing is known.
Judgement without_capture(const Capture& capture, const ClauseEntry& entry) {
  const Case& asked = capture.asked;
  if (entry.id != asked.about) return not_seen("the guest did not tell: " + capture.words);
  if (capture.outcome == Outcome::kRefused && !capture.words.empty() && may_be_refused(asked))
    return not_seen("refused: " + capture.words);
  // A kernel that was left where there is no memory is PLACE-2's.
  if (entry.id == Clause::kNote6 && asked.relocation)
    return not_seen("the guest did not tell: " + capture.words);
  return broken(capture.words, "a guest that comes up in this case");
}

/// Whether a refusal tells of this clause: where one is owed, or where one is as good as a guest.
bool is_told_by_refusal(const Capture& capture, Clause clause) {
  const Case& asked = capture.asked;
  if (!asked.fits) return clause == Clause::kPlace2;
  if (!asked.bootable) return clause == asked.about;
  const bool as_good = clause == Clause::kNote6 || clause == Clause::kStart5;
  return as_good && asked.about == clause && capture.outcome == Outcome::kRefused && !capture.words.empty();
}

Judgement judgement_of(const Evidence& evidence, const ClauseEntry& entry) {
  const Capture& capture = evidence.capture;
  const bool told = capture.outcome == Outcome::kCaptured || is_told_by_refusal(capture, entry.id);
  return told ? entry.check(evidence) : without_capture(capture, entry);
}

}  // namespace

std::vector<Finding> judge(const Capture& capture) {
  const Evidence evidence = gather(capture);
  std::vector<Finding> findings;
  for (const ClauseEntry& entry : clauses()) {
    if ((entry.owed_by & kProducer) == 0) continue;
    findings.push_back({entry.id, judgement_of(evidence, entry)});
  }
  return findings;
}

bool fails(const Finding& finding) {
  return finding.judgement.verdict == Verdict::kBroken && finding.judgement.severity == Severity::kMust &&
         entry_of(finding.clause).severity == Severity::kMust;
}

Verdict overall(const std::vector<CaseResult>& results, Clause clause) {
  bool passed = false;
  bool unseen = false;
  // Of a guest that did not come up nothing is seen; that says nothing of a clause that applies to no case.
  const bool any_came_up = std::ranges::any_of(
      results, [](const CaseResult& result) { return result.capture.outcome == Outcome::kCaptured; });
  for (const CaseResult& result : results) {
    const bool counts = result.capture.outcome == Outcome::kCaptured || !any_came_up;
    for (const Finding& finding : result.findings) {
      if (finding.clause != clause) continue;
      if (finding.judgement.verdict == Verdict::kBroken) return Verdict::kBroken;
      passed = passed || finding.judgement.verdict == Verdict::kPass;
      unseen = unseen || (counts && finding.judgement.verdict == Verdict::kNotSeen);
    }
  }
  if (passed) return Verdict::kPass;
  return unseen ? Verdict::kNotSeen : Verdict::kNotApplicable;
}

bool is_only_advised(const std::vector<CaseResult>& results, Clause clause) {
  const auto fails_by_it = [clause](const Finding& finding) {
    return finding.clause == clause && fails(finding);
  };
  return overall(results, clause) == Verdict::kBroken &&
         std::ranges::none_of(results, [&](const CaseResult& result) {
           return std::ranges::any_of(result.findings, fails_by_it);
         });
}

}  // namespace pvh::conform
