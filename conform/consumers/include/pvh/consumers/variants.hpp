// The starts of day that a consumer has to live with: a list of data. Each is the plain one with a few things
// otherwise, as producers may have them (docs/contract.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/base/error.hpp"
#include "pvh/boot/entry_state.hpp"
#include "pvh/judge/clauses.hpp"

namespace pvh::consumers {

// Changes to what is asked for, before anything is placed.

struct Version {
  std::uint32_t number;
};
/// Neither tables nor RSDP.
struct NoAcpi {};
/// At least so much.
struct Memory {
  std::uint64_t size;
};
/// The plain one, and words until it is exactly so long; 0: empty.
struct CommandLineOf {
  std::uint64_t length;
};
/// So many modules, the user's first.
struct ModulesOf {
  unsigned count;
  bool own_command_lines;
};
/// Memory that the map does not list at all.
inline constexpr std::uint32_t kHole = 0xffffffff;
/// `count` ranges of that type, `stride` apart.
struct Ranges {
  std::uint32_t type;
  std::uint64_t at;
  std::uint64_t size;
  std::uint64_t stride = 0;
  unsigned count = 1;
};
/// A kernel that can be moved lies so much higher, or the least that its alignment allows above that.
struct MovedBy {
  std::uint64_t distance;
};

// Changes to what was planned.

/// No address of a command line: none was given.
struct NoCommandLine {};
/// A start info's member, by its name in the ABI.
struct Member {
  std::string_view name;
  std::uint64_t value;
};
/// The map's last entry first.
struct MapTurnedRound {};
/// An entry that nobody asked for, before all others or behind them.
struct EntryAdded {
  bool first;
  std::uint64_t at;
  std::uint64_t size;
  std::uint32_t type;
};
/// The largest RAM entry in so many pieces that touch.
struct RamCut {
  unsigned pieces;
};
/// All reserved words, of modules and map entries too.
struct ReservedWords {
  std::uint32_t value;
};

enum class What : std::uint8_t { kStartInfo, kTables, kAll };  ///< tables: lists and strings; all: both
enum class Where : std::uint8_t {
  kUnaligned,     ///< an odd address
  kBefore,        ///< ends right before `at`, at a multiple of 8
  kFrom,          ///< from `at` up
  kBehindKernel,  ///< in the page behind the kernel's last byte
};
struct Placed {
  What what;
  Where where;
  std::uint64_t at = 0;
};
struct Selectors {
  std::uint16_t cs;
  std::uint16_t data;
  std::uint16_t tr;
};
struct Registers {
  boot::OpenRegisters values;
};

using Change =
    std::variant<Version, NoAcpi, Memory, CommandLineOf, ModulesOf, Ranges, MovedBy, NoCommandLine, Member,
                 MapTurnedRound, EntryAdded, RamCut, ReservedWords, Placed, Selectors, Registers>;

/// What a kernel owes in this variant.
enum class Owed : std::uint8_t {
  kLive,  ///< to come up, with exactly what it was given
  kStop,  ///< not to come up: there is no start info that it could believe
};

struct Variant {
  std::string_view name;
  Clause clause;  ///< what is broken where a kernel does not live with it
  conform::Severity severity;
  std::string_view what;  ///< a phrase for people
  std::vector<Change> changes;
  std::string_view needs = {};  ///< a variant without which this one tells nothing
  Owed owed = Owed::kLive;
};

/// All of them, the plain one first.
[[nodiscard]] std::span<const Variant> variants();

/// The one that is called so; null where there is none.
[[nodiscard]] const Variant* variant_named(std::string_view name);

/// "the command line 65536 bytes long; 512 MiB of RAM": the changes in words, for a list of variants.
[[nodiscard]] std::string describe(const Variant& variant);

}  // namespace pvh::consumers
