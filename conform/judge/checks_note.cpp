// NOTE: how the producer read the kernel's file, as far as the guest that it started shows it.
#include <algorithm>
#include <string>
#include <string_view>

#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

/// Where the first instruction was, by the addresses that the kernel was linked for: the entry moves with the
/// image (NOTE-6).
std::optional<std::uint64_t> began_at(const Evidence& evidence) {
  const auto& image = evidence.capture.image;
  if (!image || !image->entry) return std::nullopt;
  return *image->entry - image->at + image->linked;
}

/// The image was moved, and its entry was not.
bool left_entry_behind(const Capture& capture) {
  const auto& image = capture.image;
  return image && image->entry && image->at != image->linked && image->entry == capture.asked.entry;
}

/// The clause that is broken by a start at `address`.
Clause broken_by_start_at(const Case& asked, std::uint64_t address) {
  if (!asked.entry || address == *asked.entry) return Clause::kNone;
  const auto known = std::ranges::find(asked.wrong_entries, address, &WrongEntry::at);
  // Nobody named this address: the note's value was read wrong.
  return known == asked.wrong_entries.end() ? Clause::kNote2 : known->clause;
}

/// A kernel that nobody can boot.
Judgement of_refusal(const Capture& capture) {
  const std::string owed =
      fmt::format("an error that says what is wrong with the kernel ({})", capture.asked.kernel);
  switch (capture.outcome) {
    case Outcome::kRefused:
      return capture.words.empty() ? broken("refused without a word", owed)
                                   : pass("refused: " + capture.words, owed);
    case Outcome::kCaptured:
      return broken("the guest was started all the same", owed);
    case Outcome::kDied:
    case Outcome::kHung:
    case Outcome::kGarbage:
      break;
  }
  return broken("no error; " + capture.words, owed);
}

Judgement note(const Evidence& evidence, Clause clause, const std::string& owed) {
  const Case& asked = evidence.capture.asked;
  if (!asked.bootable && asked.about == clause) return of_refusal(evidence.capture);
  const auto began = began_at(evidence);
  const bool moved_alone = left_entry_behind(evidence.capture);
  if (began && !moved_alone && broken_by_start_at(asked, *began) == clause)
    return broken(fmt::format("the guest began at {:#x}, while its note says {:#x}", *began, *asked.entry),
                  owed);
  if (asked.about != clause) return not_seen("another case is made for this", owed);
  if (!began || !asked.entry) return not_seen("the capture does not show where the guest began", owed);
  if (*began != *asked.entry)
    return not_seen(fmt::format("the guest began at {:#x} ({})", *began,
                                clause_id(moved_alone ? Clause::kNote6 : broken_by_start_at(asked, *began))),
                    owed);
  return pass(fmt::format("the guest began at {:#x}, as its note says", *began), owed);
}

/// Whether note 19 allows `at`; empty where it does.
std::string not_allowed(const RelocationGiven& note, const Image& image) {
  if (note.alignment != 0 && image.at % note.alignment != 0)
    return fmt::format("which {:#x} does not divide", note.alignment);
  if (image.at < note.lowest) return fmt::format("below {:#x}", note.lowest);
  const std::uint64_t size = std::max<std::uint64_t>(image.size.value_or(1), 1);
  if (image.at > note.highest || size - 1 > note.highest - image.at)
    return fmt::format("and so passes {:#x}", note.highest);
  return {};
}

}  // namespace

Judgement note_1(const Evidence& evidence) {
  return note(evidence, Clause::kNote1, "the entry of the note whose owner is Xen, not of another's note 18");
}

Judgement note_2(const Evidence& evidence) {
  return note(evidence, Clause::kNote2, "the address in a descriptor of 4 bytes or of 8");
}

Judgement note_3(const Evidence& evidence) {
  return note(evidence, Clause::kNote3, "the note is found by steps of 4, whatever p_align says");
}

Judgement note_4(const Evidence& evidence) {
  return note(evidence, Clause::kNote4, "the note is found whichever PT_NOTE it is in, or in a section");
}

Judgement note_5(const Evidence& evidence) {
  return note(evidence, Clause::kNote5, "ELF32 and ELF64 start at the note's address, whatever e_entry says");
}

Judgement note_6(const Evidence& evidence) {
  const std::string owed = "the kernel where it was linked, or moved as note 19 allows";
  const Capture& capture = evidence.capture;
  const auto& image = capture.image;
  if (!capture.asked.bootable && capture.asked.about == Clause::kNote6) return of_refusal(capture);
  if (capture.outcome == Outcome::kRefused)
    return pass("refused, as nobody owes it to move a kernel: " + capture.words, owed);
  if (!image) return not_seen("the capture does not show where the kernel lies", owed);
  if (image->at == image->linked) return pass(fmt::format("at {:#x}, as linked", image->at), owed);
  const std::string seen = fmt::format("at {:#x}, linked at {:#x}", image->at, image->linked);
  if (left_entry_behind(capture))
    return broken(fmt::format("{}, and begun at {:#x}, where its entry was linked", seen, *image->entry),
                  owed);
  if (image->movable == false) return broken(seen + ", and the kernel cannot be moved", owed);
  if (!image->movable) return not_seen(seen + "; whether it can be moved is not known", owed);
  if (!capture.asked.relocation) return not_seen(seen + "; what its note 19 allows is not known", owed);
  if (const auto why = not_allowed(*capture.asked.relocation, *image); !why.empty())
    return broken(fmt::format("{}, {}", seen, why), owed);
  return pass(seen, owed);
}

Judgement note_7(const Evidence& evidence) {
  const std::string owed = "a bss of zeros";
  const auto& image = evidence.capture.image;
  if (!image || !image->zeroed) return not_seen("the capture does not tell of the bss", owed);
  if (*image->zeroed) return pass("zeros", owed);
  const std::string over = image->size ? lies_over(evidence, image->at, *image->size) : "";
  if (!over.empty()) return not_seen(fmt::format("{} lies over the kernel (PLACE-1)", over), owed);
  return broken("other bytes than zeros", owed);
}

}  // namespace pvh::conform
