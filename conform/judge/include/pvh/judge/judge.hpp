// From a capture to a verdict for each clause that a producer owes.
#pragma once

#include <string>
#include <vector>

#include "pvh/capture/capture.hpp"
#include "pvh/judge/clauses.hpp"

namespace pvh::conform {

struct Finding {
  Clause clause;
  Judgement judgement;
};

/// One finding for each clause that a producer owes, in the list's order.
[[nodiscard]] std::vector<Finding> judge(const Capture& capture);

/// A capture and what is to be said of it.
struct CaseResult {
  Capture capture;
  std::vector<Finding> findings;
};

/// Whether this is a breach of what is owed, and not only of what is advised: it alone makes a test fail.
[[nodiscard]] bool fails(const Finding& finding);

/// What all cases say of one clause together: broken where one broke it, passed where at least one passed.
[[nodiscard]] Verdict overall(const std::vector<CaseResult>& results, Clause clause);

/// Whether this clause is broken, and by none of the cases in more than what is advised.
[[nodiscard]] bool is_only_advised(const std::vector<CaseResult>& results, Clause clause);

}  // namespace pvh::conform
