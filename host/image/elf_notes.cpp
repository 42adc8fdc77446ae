#include "elf_notes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace pvh::image {
namespace {

constexpr std::uint64_t kHeaderSize = 12;

/// How one note is padded: to where its descriptor starts, and to where the next note does.
struct Padding {
  std::uint64_t descriptor;
  std::uint64_t next;
};

/// In the order in which they are tried. The second is the last note of a 4-padded section to which the
/// linker appended an 8-aligned one; the third is a note of such a section.
constexpr std::array kPaddings = {Padding{4, 4}, Padding{4, 8}, Padding{8, 8}};

struct Reading {
  Note note;
  std::uint64_t next;  ///< where the next note starts in the area
};

constexpr std::uint64_t padded(std::uint64_t position, std::uint64_t padding) {
  return (position + padding - 1) & ~(padding - 1);
}

/// The area's size without the zeros at its end.
std::uint64_t size_without_zeros(Bytes bytes) {
  const auto last =
      std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte byte) { return byte != std::byte{}; });
  return static_cast<std::uint64_t>(bytes.rend() - last);
}

Error cut(const NoteArea& area, std::uint64_t at) {
  return {.what = Fault::kNoteCut,
          .clause = Clause::kNote3,
          .subject = area.name,
          .where = area.offset + at,
          .found = Size{area.bytes.size() - at},
          .wanted = Size{kHeaderSize}};
}

Error too_long(const NoteArea& area, std::uint64_t at, std::uint32_t name_size, std::uint32_t desc_size) {
  return {.what = Fault::kNoteTooLong,
          .clause = Clause::kNote3,
          .subject = area.name,
          .where = area.offset + at,
          .found = "a name of " + std::to_string(name_size) + " bytes and a descriptor of " +
                   std::to_string(desc_size),
          .wanted = Size{area.bytes.size() - at - kHeaderSize}};
}

/// The note at `at` in the area. Sizes are 32 bits and positions lie in the area, so that no sum here wraps.
Result<Reading> read_note(const NoteArea& area, std::uint64_t at, Padding padding) {
  const auto header = slice(area.bytes, at, kHeaderSize);
  if (!header) return std::unexpected(cut(area, at));
  const auto name_size = read_le<std::uint32_t>(*header, 0).value_or(0);
  const auto desc_size = read_le<std::uint32_t>(*header, 4).value_or(0);
  const auto type = read_le<std::uint32_t>(*header, 8).value_or(0);

  const auto name = slice(area.bytes, at + kHeaderSize, name_size);
  const std::uint64_t desc_at = padded(at + kHeaderSize + name_size, padding.descriptor);
  // An absent descriptor needs no padding before it: the last note may end with its name.
  const auto desc = desc_size == 0 ? Bytes{} : slice(area.bytes, desc_at, desc_size);
  if (!name || !desc) return std::unexpected(too_long(area, at, name_size, desc_size));

  std::string_view owner = as_text(*name);
  const bool terminated = owner.ends_with('\0');
  if (terminated) owner.remove_suffix(1);
  const std::uint64_t next = padded(desc_at + desc_size, padding.next);
  return Reading{.note = {.owner = owner,
                          .type = type,
                          .desc = *desc,
                          .offset = area.offset + at,
                          .terminated = terminated},
                 .next = std::min<std::uint64_t>(next, area.bytes.size())};
}

/// Walks an area, going back to try another padding where the one taken led to nothing.
class Walk {
 public:
  Walk(const NoteArea& area, std::vector<Note>& notes)
      : area_(area),
        notes_(notes),
        end_(size_without_zeros(area.bytes)),
        paddings_(area.alignment >= 8 ? kPaddings.size() : 1) {}

  Result<void> run() {
    while (at_ < end_) {
      if (notes_.size() == kMostNotes) return std::unexpected(too_many());
      if (!advance() && !go_back()) return std::unexpected(*first_failure_);
    }
    return {};
  }

 private:
  /// A note that was read, and how.
  struct Step {
    std::uint64_t at;
    std::size_t padding;
  };

  /// Reads the note at `at_` by the first padding not yet tried that works.
  bool advance() {
    for (; padding_ < paddings_; ++padding_) {
      const auto reading = read_note(area_, at_, kPaddings[padding_]);
      // What a person is told is how the reading by 4 failed: that is the rule.
      if (!reading && !first_failure_) first_failure_ = reading.error();
      if (!reading || is_dead(reading->next)) continue;
      notes_.push_back(reading->note);
      steps_.push_back({at_, padding_});
      at_ = reading->next;
      padding_ = 0;
      return true;
    }
    return false;
  }

  /// Takes back the last note, to read it by its next padding. What starts here is never tried again, so the
  /// walk stays linear.
  bool go_back() {
    if (steps_.empty() || paddings_ == 1) return false;
    dead_.resize(area_.bytes.size() / 4 + 1);
    dead_[at_ / 4] = true;
    at_ = steps_.back().at;
    padding_ = steps_.back().padding + 1;
    steps_.pop_back();
    notes_.pop_back();
    return true;
  }

  /// Notes start at multiples of 4.
  [[nodiscard]] bool is_dead(std::uint64_t at) const { return !dead_.empty() && at < end_ && dead_[at / 4]; }

  [[nodiscard]] Error too_many() const {
    return {.what = Fault::kTooManyNotes,
            .clause = Clause::kNote3,
            .subject = area_.name,
            .where = area_.offset + at_,
            .wanted = kMostNotes};
  }

  const NoteArea& area_;
  std::vector<Note>& notes_;
  std::uint64_t end_;
  std::size_t paddings_;
  std::uint64_t at_ = 0;
  std::size_t padding_ = 0;  ///< the next to try at `at_`
  std::vector<Step> steps_;  ///< one for each note of this area
  std::vector<bool> dead_;   ///< by position / 4: no way to read on from there
  std::optional<Error> first_failure_;
};

}  // namespace

Result<void> append_notes(const NoteArea& area, std::vector<Note>& notes) {
  return Walk(area, notes).run();
}

}  // namespace pvh::image
