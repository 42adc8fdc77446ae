// The help of `pvh conform`: one text for all of it, and one for each action.
#include <array>
#include <string_view>
#include <utility>

#include "help.hpp"

namespace pvh::cli {
namespace {

constexpr std::string_view kConform =
    R"(pvh conform ACTION [options]: who keeps the contract.

  pvh conform producer pvh-qemu qemu-q35 --html report.html
  pvh conform producer "command:mymonitor -m {memory} [--initrd {initrd}] {kernel}"
  pvh conform judge out/*.json
  pvh conform consumer vmlinuz --json
  pvh conform boot map-1000 vmlinuz

  list                 the clauses of the contract
                       [--json] [--markdown]
  judge CAPTURE...     what captured starts of day break (docs/capture.md)
                       [--json | --tap] [--junit FILE] [--html FILE]
  producer NAME...     runs producers in a matrix of cases, captures and judges
                       [--json | --tap] [--junit FILE] [--html FILE] [--captures FOLDER]
                       [--matrix MATRIX] [--timeout SECONDS] [--qemu PATH]
  variants             the starts of day that a consumer has to live with
                       [--json]
  consumer KERNEL      boots a kernel under each, and says which it survives
                       [--json | --tap] [--junit FILE] [--html FILE] [--only NAME,NAME]
                       [--initrd FILE]... [--append TEXT]... [--expect TEXT]
                       [--engine ENGINE] [--timeout SECONDS] [--qemu PATH]
  boot VARIANT KERNEL  boots it under one, on this terminal
                       [--initrd FILE]... [--append TEXT]...
                       [--engine ENGINE] [--timeout SECONDS] [--qemu PATH]

`pvh conform ACTION --help` says more of each. Exit: 0 the contract is kept, 1 it is not, or
an error, 2 wrong usage; boot ends as `pvh run` does.
)";

constexpr std::string_view kList =
    R"(pvh conform list [options]: the clauses of the contract.

  --json               as JSON: clause, severity, who owes it, text, rationale, source
  --markdown           the page docs/contract.md

Exit: 0 done, 1 an error, 2 wrong usage.
)";

constexpr std::string_view kJudge =
    R"(pvh conform judge CAPTURE... [options]: what captured starts of day break of the contract.

  pvh conform judge plain.json
  pvh conform judge out/*.json --html report.html

A capture is one JSON file: what a guest was handed, and what its producer was asked for
(docs/capture.md). `pvh conform producer --captures` writes such files; anybody else may. Those
of one producer's name are judged together.

  --json, --tap        as JSON or as TAP on standard output
  --junit FILE         also as JUnit XML
  --html FILE          also as a page: clauses by producers, memory maps drawn to scale

Exit: 0 no "must" clause is broken, and each capture shows whether some clause is kept;
1 one is broken, or of a capture nothing was seen (its guest hung or died), or an error;
2 wrong usage.
)";

constexpr std::string_view kProducer =
    R"(pvh conform producer NAME... [options]: what producers break of the contract.

  pvh conform producer pvh-qemu qemu-q35 --html report.html
  pvh conform producer "command:mymonitor -m {memory} [--initrd {initrd}] {kernel}"
  pvh conform producer qemu-pc --captures out && pvh conform judge out/*.json

NAME is pvh-qemu, pvh-kvm, qemu-microvm, qemu-q35, qemu-pc (with QEMU's emulated CPU; under KVM
with -kvm behind the name), xen (in QEMU; its packages are fetched, not installed), or
command:TEXT, any monitor. In TEXT these are filled in:
  {kernel}             the guest, which tells on its serial line what it was handed
  {initrd} {cmdline}   a module, the command line
  {memory} {cpus}      MiB of RAM, how many CPUs
  {output}             a file for the serial line; without it, that is standard output
What stands in [ ] is left out where a value in it is absent. Quotes keep words together; no
shell is asked. {{ is a brace. What TEXT has no word for is not held against the monitor, and
the cases that need it are left out, with the reason.

  --json, --tap        as JSON or as TAP on standard output
  --junit FILE         also as JUnit XML
  --html FILE          also as a page: clauses by producers, memory maps drawn to scale
  --captures FOLDER    keep the captures there
  --matrix MATRIX      short or full (short)
  --timeout SECONDS    of one case (20; more for a long command line)
  --qemu PATH          which QEMU (qemu-system-x86_64)

Exit: 0 every "must" clause was seen to be kept, or applies to no case, 1 not so, or an
error, 2 wrong usage; by a signal's own way where one ended it.
)";

constexpr std::string_view kVariants =
    R"(pvh conform variants [options]: the correct starts of day that a consumer has to live with.

  --json               as JSON: variant, clause, severity, what is otherwise

Exit: 0 done, 1 an error, 2 wrong usage.
)";

constexpr std::string_view kConsumer =
    R"(pvh conform consumer KERNEL [options]: which starts of day a kernel survives.

  pvh conform consumer vmlinuz --json
  pvh conform consumer mykernel --expect "up and running" --only map-1000,no-rsdp

Boots it under each variant of a correct start of day (`pvh conform variants`), and says, of
kernels that tell (a Linux, hello, the probe), whether it used exactly what it was given.
Without --initrd a Linux gets one process of ours, which tells (docs/consumer.md).

  --json, --tap        as JSON or as TAP on standard output
  --junit FILE         also as JUnit XML
  --html FILE          also as a page
  --only NAME,NAME     these variants, and the plain one
  --initrd FILE        a module, in every variant that has some; repeatable
  --append TEXT        the command line, in every variant but those that are about it; repeatable
  --expect TEXT        what the kernel says that came up, where it does not tell
  --engine ENGINE      qemu or kvm (qemu)
  --timeout SECONDS    of one boot (60)
  --qemu PATH          which QEMU (qemu-system-x86_64)

Exit: 0 every "must" variant that can be made was survived, with what was given, 1 not so, or
an error, 2 wrong usage; by a signal's own way where one ended it.
)";

constexpr std::string_view kBoot =
    R"(pvh conform boot VARIANT KERNEL [options]: boots a kernel under one variant of a start of day.

  pvh conform boot map-1000 vmlinuz

The guest's serial line is this terminal. `pvh conform variants` lists the variants.

  --initrd FILE        a module, if the variant has some; repeatable
  --append TEXT        the command line, if the variant is not about it; repeatable
  --engine ENGINE      qemu or kvm (qemu)
  --timeout SECONDS    end the guest then
  --qemu PATH          which QEMU (qemu-system-x86_64)

Exit: as `pvh run`.
)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kActions{{{"list", kList},
                                                                                 {"judge", kJudge},
                                                                                 {"producer", kProducer},
                                                                                 {"variants", kVariants},
                                                                                 {"consumer", kConsumer},
                                                                                 {"boot", kBoot}}};

}  // namespace

std::string_view conform_help(std::string_view action) {
  for (const auto& [name, text] : kActions)
    if (name == action) return text;
  return kConform;
}

}  // namespace pvh::cli
