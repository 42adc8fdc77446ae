#include "pvh/conform/judge.hpp"

#include <algorithm>

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

/// Whether the guest came up and found nothing where the start info should be, in a case that was made for
/// something else. A long command line that runs over the start info is no matter of ebx.
bool overrun(const Evidence& evidence) {
  const Clause about = evidence.capture.asked.about;
  const bool elsewhere = about != Clause::kNone && about != Clause::kCpu1 && about != Clause::kStart1;
  return elsewhere && evidence.info && !evidence.known && !looks_like_start_info(*evidence.info);
}

Judgement of_overrun(const Evidence& evidence, const ClauseEntry& entry) {
  const std::uint64_t ebx = *evidence.register_named("ebx");
  const auto bytes = evidence.bytes(ebx, 40);
  if (entry.id == evidence.capture.asked.about)
    return broken(fmt::format("at ebx, {:#x}, lies {} instead of the start info", ebx,
                              bytes ? quoted(as_text(*bytes)) : "nothing"),
                  "a start info, in this case as in others");
  return entry.id == Clause::kCpu1 ? not_seen("no start info lies where ebx points") : entry.check(evidence);
}

Judgement judgement_of(const Evidence& evidence, const ClauseEntry& entry) {
  const Capture& capture = evidence.capture;
  if (entry.id == Clause::kPlace2 && !capture.asked.fits) return entry.check(evidence);
  if (capture.outcome != Outcome::kCaptured) return without_capture(capture, entry);
  return overrun(evidence) ? of_overrun(evidence, entry) : entry.check(evidence);
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

}  // namespace pvh::conform
