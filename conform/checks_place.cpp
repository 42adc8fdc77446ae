// PLACE: who lies where; and NOTE, as far as a guest that came up shows it.
#include <pvh/start_info.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

/// The first two that overlap, by address. Tables may share what they like among themselves.
std::string overlap_in(const Evidence& evidence) {
  std::vector<Taken> all = things(evidence);
  std::ranges::sort(all, {}, &Taken::at);
  std::vector<Taken>::const_iterator farthest = all.begin();
  for (auto thing = all.begin(); thing != all.end(); ++thing) {
    if (thing != all.begin() && thing->at < farthest->end())
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

/// A case that was made for one NOTE clause: the guest came up, so the producer read the notes right.
Judgement came_up(const Evidence& evidence, Clause clause, std::string owed) {
  if (evidence.capture.asked.about != clause)
    return not_applicable("another case is made for this", std::move(owed));
  if (!evidence.capture.image)
    return not_seen("the capture does not show where the guest began", std::move(owed));
  return pass(fmt::format("the guest began at its entry, {:#x} being its image", evidence.capture.image->at),
              std::move(owed));
}

/// What a case was made of that does not fit.
struct TwoThings {
  std::string first;
  std::string second;
};

std::string size_text(std::uint64_t size) {
  if (size % kMiB == 0) return fmt::format("{} MiB", size / kMiB);
  return fmt::format("{} bytes", size);
}

TwoThings two_things(const Case& asked) {
  TwoThings out{"what does not fit", "what it meets"};
  if (asked.modules && !asked.modules->empty())
    out.first = fmt::format("the module ({})", size_text(asked.modules->back().size));
  if (asked.memory)
    out.second = fmt::format("the kernel ({}) or the memory ({})", asked.kernel, size_text(*asked.memory));
  return out;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// Whether a refusal names both. Monitors call a module what they like.
Judgement of_refusal(const std::string& words, const std::string& owed) {
  if (words.empty()) return broken("refused without a word", owed);
  const bool first = has_any(words, {"module", "initrd", "ramdisk", "RAM disk", "initramfs"});
  const bool second = has_any(words, {"kernel", "segment", "bss", "memory", "Memory", "RAM "});
  const bool sizes = words.find_first_of("0123456789") != std::string::npos;
  if (first && second && sizes) return pass("refused: " + words, owed);
  const std::string_view lacks = !sizes ? "no size" : !first ? "no module" : "nothing that is in its way";
  return broken(fmt::format("refused, naming {}: {}", lacks, quoted(words)), owed);
}

}  // namespace

Judgement note_1(const Evidence& evidence) {
  return came_up(evidence, Clause::kNote1,
                 "the entry of the note whose owner is Xen, not of another's note 18");
}

Judgement note_2(const Evidence& evidence) {
  return came_up(evidence, Clause::kNote2, "a descriptor of 4 bytes is taken as one of 8 is");
}

Judgement note_3(const Evidence& evidence) {
  return came_up(evidence, Clause::kNote3, "the note is found after an 8-aligned one in the same segment");
}

Judgement note_4(const Evidence& evidence) {
  return came_up(evidence, Clause::kNote4, "the note is found whichever PT_NOTE it is in");
}

Judgement note_5(const Evidence& evidence) {
  return came_up(evidence, Clause::kNote5,
                 "ELF32 and ELF64 start at the note's address, whatever e_entry says");
}

Judgement note_6(const Evidence& evidence) {
  const std::string owed = "the kernel where it was linked, or moved as note 19 allows";
  const auto& image = evidence.capture.image;
  if (!image) return not_seen("the capture does not show where the kernel lies", owed);
  if (image->at == image->linked) return pass(fmt::format("at {:#x}, as linked", image->at), owed);
  const std::string seen = fmt::format("at {:#x}, linked at {:#x}", image->at, image->linked);
  if (image->movable == false) return broken(seen + ", and the kernel cannot be moved", owed);
  return image->movable ? pass(seen, owed) : not_seen(seen + "; whether it can be moved is not known", owed);
}

Judgement note_7(const Evidence& evidence) {
  const std::string owed = "a bss of zeros";
  const auto& image = evidence.capture.image;
  if (!image || !image->zeroed) return not_seen("the capture does not tell of the bss", owed);
  return *image->zeroed ? pass("zeros", owed) : broken("other bytes than zeros", owed);
}

Judgement place_1(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "everything disjoint; kernel and modules in RAM";
  if (const auto overlap = overlap_in(evidence); !overlap.empty()) return broken(overlap + " overlap", owed);
  const std::vector<Taken> all = things(evidence);
  for (const Taken& thing : all) {
    const bool large = thing.name == "the kernel" || (thing.name.starts_with("module "));
    if (large && evidence.map && !covered(evidence.ram, thing.at, thing.size))
      return broken(fmt::format("{} ({}) is not all in RAM", thing.name, range_text(thing.at, thing.size)),
                    owed);
  }
  return pass(fmt::format("{} things, disjoint", all.size()), owed);
}

Judgement place_2(const Evidence& evidence) {
  const Capture& capture = evidence.capture;
  const TwoThings things = two_things(capture.asked);
  const std::string owed =
      fmt::format("an error that names {} and {}, and their sizes", things.first, things.second);
  if (capture.asked.fits) return not_applicable("everything fits", owed);
  const std::string with = fmt::format(" with {} and {}", things.first, things.second);
  switch (capture.outcome) {
    case Outcome::kRefused:
      return of_refusal(capture.words, owed);
    case Outcome::kCaptured:
      return broken("the guest was started" + with, owed);
    case Outcome::kDied:
      return broken("the guest was started" + with + ", and died", owed);
    case Outcome::kHung:
      return broken("the guest was started" + with + ", and hung", owed);
    case Outcome::kGarbage:
      return broken("the guest was started" + with + ", and printed garbage", owed);
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
