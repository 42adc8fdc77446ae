// Clause ids and faults in words. Arrays of characters and not of pointers: a table of pointers would have to
// be relocated by whoever loads a position-independent kernel.
#include "pvh/guest/result.hpp"

namespace pvh::guest {
namespace {

constexpr char kClauses[][8] = {"",        "START-1", "START-2", "START-4", "START-5", "START-6",
                                "START-7", "START-8", "MAP-1",   "MAP-3",   "MAP-4",   "CONS-2"};
static_assert(sizeof(kClauses) / sizeof(kClauses[0]) == static_cast<unsigned>(Clause::kCount_));

constexpr char kFaults[][40] = {
    "",
    "there is no start info",
    "cannot be read",
    "passes the end of the address space",
    "is not the start info's magic",
    "the string does not end",
    "the caller's storage is too small",
    "a module with a size but no address",
    "a module past the end of addresses",
    "a count of entries but no table",
    "is not aligned to 8 bytes",
    "is not below 4 GiB",
    "a reserved word is not zero",
    "an empty entry",
    "not behind the entry before it",
    "is not an ACPI root",
};
static_assert(sizeof(kFaults) / sizeof(kFaults[0]) == static_cast<unsigned>(Fault::kCount_));

}  // namespace

const char* clause_id(Clause clause) {
  return kClauses[static_cast<unsigned>(clause)];
}

const char* fault_text(Fault fault) {
  return kFaults[static_cast<unsigned>(fault)];
}

}  // namespace pvh::guest
