// PLACE: who lies where, and what becomes of what does not fit.
#include <pvh/start_info.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amounts.hpp"
#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

/// Whether two command lines are one string, which several may name.
bool is_one_string(const Taken& one, const Taken& other) {
  const auto is_string = [](const Taken& thing) {
    return thing.name.find("command line") != std::string::npos;
  };
  return is_string(one) && is_string(other) && one.at == other.at && one.size == other.size;
}

/// The first two that overlap, by address. Tables may share what they like among themselves.
std::string overlap_in(const Evidence& evidence) {
  std::vector<Taken> all = evidence.things;
  std::ranges::sort(all, {}, &Taken::at);
  std::vector<Taken>::const_iterator farthest = all.begin();
  for (auto thing = all.begin(); thing != all.end(); ++thing) {
    if (thing != all.begin() && thing->at < farthest->end() && !is_one_string(*farthest, *thing))
      return fmt::format("{} ({}) and {} ({})", farthest->name, range_text(farthest->at, farthest->size),
                         thing->name, range_text(thing->at, thing->size));
    if (thing->end() > farthest->end()) farthest = thing;
  }
  for (const Taken& table : evidence.tables) {
    for (const Taken& thing : all) {
      if (thing.at < table.end() && table.at < thing.end())
        return fmt::format("{} ({}) and {} ({})", thing.name, range_text(thing.at, thing.size), table.name,
                           range_text(table.at, table.size));
    }
  }
  return {};
}

/// What a case was made of that does not fit.
struct TwoThings {
  std::string first;
  std::string second;
  std::optional<std::uint64_t> first_size =
      {};  ///< of a module: of a kernel's file more than one size is true
  std::optional<std::uint64_t> memory = {};
};

std::string size_text(std::uint64_t size) {
  if (size % kMiB == 0) return fmt::format("{} MiB", size / kMiB);
  return fmt::format("{} bytes", size);
}

TwoThings two_things(const Case& asked) {
  const std::string memory =
      asked.memory ? fmt::format("the memory ({})", size_text(*asked.memory)) : "the memory";
  TwoThings out{
      .first = fmt::format("the kernel ({})", asked.kernel), .second = memory, .memory = asked.memory};
  if (asked.modules && !asked.modules->empty()) {
    out.first_size = asked.modules->back().size;
    out.second = fmt::format("{} or {}", out.first, memory);
    out.first = fmt::format("the module ({})", size_text(*out.first_size));
  }
  return out;
}

/// Beyond this a number is something else: an error code, an address.
std::uint64_t most_that_would_do(const TwoThings& things) {
  constexpr std::uint64_t kMost = 64 * kGiB;
  if (!things.first_size || !things.memory) return kMost;
  return 4 * (std::min(*things.memory, kMost) + std::min(*things.first_size, kMost));
}

/// What a refusal does not name of the two things, their sizes and the memory that would do; empty where it
/// names all. Monitors call a module what they like.
std::string_view lacking(const std::string& words, const TwoThings& things) {
  const std::string text = lower(words);
  const bool kernel = has_any(text, {"kernel", "segment", "bss", "elf"});
  const bool memory = has_any(text, {"memory"}) || has_word(text, "ram");
  if (things.first_size) {
    if (!has_any(text, {"module", "initrd", "ramdisk", "ram disk", "initramfs"})) return "module";
    if (!kernel && !memory) return "thing that is in its way";
  } else if (!kernel || !memory) {
    return kernel ? "memory" : "kernel";
  }
  const auto amounts = amounts_in(words);
  const auto is_first = [&](std::uint64_t amount) {
    return things.first_size && stands_for(amount, *things.first_size);
  };
  if (things.first_size && std::ranges::none_of(amounts, is_first)) return "size of the module";
  if (std::ranges::all_of(amounts, is_first)) return "size of what is in its way";
  const auto would_do = [&](std::uint64_t amount) {
    return amount > things.memory.value_or(0) && amount <= most_that_would_do(things) && !is_first(amount);
  };
  if (std::ranges::none_of(amounts, would_do)) return "memory that would do";
  return {};
}

Judgement of_refusal(const std::string& words, const TwoThings& things, const std::string& owed) {
  if (words.empty()) return broken("refused without a word", owed);
  const std::string_view lacks = lacking(words, things);
  if (lacks.empty()) return pass("refused: " + words, owed);
  // All of what was said, up to what nobody reads.
  constexpr std::size_t kMostWords = 300;
  return broken(fmt::format("refused, naming no {}: {}", lacks, quote(words, kMostWords)), owed);
}

}  // namespace

Judgement place_1(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "everything disjoint; kernel and modules in RAM";
  if (const auto overlap = overlap_in(evidence); !overlap.empty()) return broken(overlap + " overlap", owed);
  if (const auto why = why_no_map(evidence); !why.empty()) return not_seen(why, owed);
  for (const Taken& thing : evidence.things) {
    const bool large = thing.name == "the kernel" || thing.name.starts_with("module ");
    if (!large || !evidence.map || covered(evidence.ram, thing.at, thing.size)) continue;
    const std::string seen =
        fmt::format("{} ({}) is not all in RAM", thing.name, range_text(thing.at, thing.size));
    if (covered(evidence.maybe_ram, thing.at, thing.size))
      return not_seen(seen + ", but in memory of an unknown type (MAP-2)", owed);
    if (lacks_ram(evidence)) return not_seen(seen + ", of which the map lists too little (MAP-5)", owed);
    return broken(seen, owed);
  }
  if (!evidence.modules) return not_seen("the module list is not shown", owed);
  if (!evidence.capture.image || !evidence.capture.image->size)
    return not_seen("the capture does not show where the kernel lies", owed);
  return pass(fmt::format("{} things, disjoint", evidence.things.size()), owed);
}

Judgement place_2(const Evidence& evidence) {
  const Capture& capture = evidence.capture;
  const TwoThings things = two_things(capture.asked);
  const std::string owed =
      fmt::format("an error that names {} and {}, their sizes, and the memory that would do", things.first,
                  things.second);
  if (capture.asked.fits) return not_seen("everything fits; another case is made for this", owed);
  const std::string with = fmt::format(" with {} and {}", things.first, things.second);
  switch (capture.outcome) {
    case Outcome::kRefused:
      return of_refusal(capture.words, things, owed);
    case Outcome::kCaptured:
      return broken("the guest was started" + with, owed);
    case Outcome::kDied:
    case Outcome::kHung:
    case Outcome::kGarbage:
      return broken("no error; " + capture.words, owed);
  }
  return not_seen("", owed);
}

Judgement place_3(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "modules at multiples of 4 KiB, below 4 GiB";
  if (!evidence.modules) return not_seen("the module list is not shown", owed);
  if (evidence.modules->empty()) return not_applicable("no modules", owed);
  for (std::size_t i = 0; i < evidence.modules->size(); ++i) {
    const ModuleSeen& module = (*evidence.modules)[i];
    const std::string seen = fmt::format("module {} at {:#x}", i, module.at);
    if (module.at % kPageSize != 0 || module.at >= kFourGiB || module.size > kFourGiB - module.at)
      return broken(seen, owed);
  }
  return pass(
      fmt::format("{} modules, the first at {:#x}", evidence.modules->size(), evidence.modules->front().at),
      owed);
}

}  // namespace pvh::conform
