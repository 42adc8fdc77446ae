// The contract as code: one entry for each clause. docs/contract.md, the checks, the planted faults and the
// coverage table are all made from this list, so none of them can forget a clause.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"

namespace pvh::conform {

struct Evidence;

enum class Severity : std::uint8_t { kMust, kShould };

/// Who owes a clause; several may.
enum Party : std::uint8_t { kProducer = 1, kConsumer = 2, kHeader = 4 };

enum class Verdict : std::uint8_t {
  kPass,
  kBroken,
  kNotApplicable,  ///< the case did not ask for what the clause is about
  kNotSeen,        ///< the capture does not hold what would tell
};

/// "pass", "broken", "not applicable", "not seen": also the names in JSON.
[[nodiscard]] std::string_view verdict_name(Verdict verdict);

/// What a check says: the verdict, what was there, and what was owed. Both are sentences without a stop.
struct Judgement {
  Verdict verdict;
  std::string seen = {};
  std::string owed = {};
  Severity severity = Severity::kMust;  ///< of this breach, where it is less than its clause's
};

using Check = Judgement (*)(const Evidence&);

/// How one finds out whether a clause is kept.
enum class Judged : std::uint8_t {
  kCapture,   ///< by `check`, from a captured start of day
  kHeader,    ///< by compiling the header (tests/abi): no run shows it
  kConsumer,  ///< by booting a kernel under variants of a start of day: no producer's capture shows it
};

struct ClauseEntry {
  Clause id;
  Severity severity;
  std::uint8_t owed_by;  ///< of Party
  std::string_view text;
  std::string_view rationale;  ///< what is at stake
  std::string_view source;
  Judged judged;
  Check check;                    ///< for Judged::kCapture, else null
  std::string_view reading = {};  ///< what the check takes the text to mean where that leaves room
};

/// Every clause, in the order of the enumeration `Clause`.
[[nodiscard]] std::span<const ClauseEntry> clauses();

[[nodiscard]] const ClauseEntry& entry_of(Clause clause);

/// Why no capture tells about this clause, in a sentence; empty where one does.
[[nodiscard]] std::string_view why_no_check(const ClauseEntry& entry);

}  // namespace pvh::conform
