// docs/contract.md, made from the list of clauses.
#include <fmt/format.h>

#include <array>
#include <iterator>

#include "pvh/report/contract_page.hpp"

#include "pvh/judge/clauses.hpp"

namespace pvh::conform {
namespace {

constexpr std::string_view kHead = R"(# The contract: direct boot by start info

What `pvh` holds kernels, monitors and itself to, as numbered clauses; its error messages, tests and comments name them. The facts are public: the
x86/HVM direct boot ABI of the Xen project, its start-info header (version 1) and the ELF note definitions. Names, numbers and layouts are the ABI's, kept
exactly; the words are ours. [consumers.md](consumers.md) tells how kernels read it, [capture.md](capture.md) how a start of day is written down to be judged.

Every clause has an id. A conformance check, a test and an error message name the clause that they are about.
**P** = the producer (hypervisor, VMM, boot loader) owes it. **C** = the consumer (kernel) owes it.
**H** = the header owes it. *Seen* = real behaviour in the field, measured or read from code.
This page is made by `pvh conform list --markdown` from the clauses in `conform/judge/clauses.cpp`: change them there.
)";

struct Group {
  std::string_view prefix;
  std::string_view title;
};

constexpr auto kGroups = std::to_array<Group>({{"HDR", "the header"},
                                               {"NOTE", "how a kernel says that it can be booted so"},
                                               {"START", "the start-of-day structure"},
                                               {"MAP", "the memory map"},
                                               {"CPU", "the state at the entry point (32-bit x86)"},
                                               {"PLACE", "where the producer puts things"},
                                               {"CONS", "what a consumer owes"}});

std::string_view prefix_of(const ClauseEntry& entry) {
  const std::string_view id = clause_id(entry.id);
  return id.substr(0, id.find('-'));
}

std::string parties(const ClauseEntry& entry) {
  std::string out;
  if ((entry.owed_by & kProducer) != 0) out += "P";
  if ((entry.owed_by & kConsumer) != 0) out += out.empty() ? "C" : ", C";
  if ((entry.owed_by & kHeader) != 0) out += out.empty() ? "H" : ", H";
  return out;
}

}  // namespace

std::string contract_page() {
  std::string page(kHead);
  const auto out = std::back_inserter(page);
  for (const Group& group : kGroups) {
    fmt::format_to(out, "\n## {}: {}\n| id | owed by | | clause |\n|---|---|---|---|\n", group.prefix,
                   group.title);
    for (const ClauseEntry& entry : clauses())
      if (prefix_of(entry) == group.prefix)
        fmt::format_to(out, "| {} | {} | {} | {} |\n", clause_id(entry.id), parties(entry),
                       entry.severity == Severity::kMust ? "must" : "should", entry.text);
  }
  page += R"(
## What is at stake, and how it is judged
*Capture*: `pvh conform judge` tells it from a captured start of day, and `pvh conform producer` captures those. *Header*: `tests/abi` compiles
the header in every language version that each compiler has; no run shows it. *Consumer*: a kernel owes it, so no producer's capture shows it; `pvh conform
consumer` boots the kernel under variants of a start of day.

| id | at stake | source | judged by |
|---|---|---|---|
)";
  for (const ClauseEntry& entry : clauses()) {
    static constexpr std::array<std::string_view, 3> kBy{"capture", "header", "consumer"};
    fmt::format_to(out, "| {} | {} | {} | {} |\n", clause_id(entry.id), entry.rationale, entry.source,
                   kBy[static_cast<std::size_t>(entry.judged)]);
  }
  page += R"(
## How the text is read
Where a clause leaves room, this is what `pvh conform` takes it to mean.

| id | |
|---|---|
)";
  for (const ClauseEntry& entry : clauses())
    if (!entry.reading.empty()) fmt::format_to(out, "| {} | {} |\n", clause_id(entry.id), entry.reading);
  page += R"(
## What no capture tells, and why
Each clause has a planted fault that is found as its own and as no other's: in a capture (`conform/judge/testing/plants.cpp`), in a
producer that runs (`conform/producers/testing/planted_producer.cpp`), in a header (`tests/abi/clauses.sh`) or
in a consumer (`guest/kernels/planted_consumer.c`); a clause without one fails a test.

| id | why |
|---|---|
)";
  for (const ClauseEntry& entry : clauses())
    if (entry.check == nullptr)
      fmt::format_to(out, "| {} | {} |\n", clause_id(entry.id), why_no_check(entry));
  return page;
}

}  // namespace pvh::conform
