// The matrix: what producers are asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pvh/capture/capture.hpp"
#include "pvh/producers/producers.hpp"

namespace pvh::runners {

/// One of the guests that are built into this program, or made from them.
enum class Guest : std::uint8_t {
  kProbe,
  kProbe32,
  kForeignNote,     ///< another owner's note 18 before ours (NOTE-1)
  kShortNote,       ///< a descriptor of 4 bytes (NOTE-2)
  kLongNote,        ///< one of 12 bytes, which is none
  kWideValue,       ///< an address above 4 GiB, whose low half is the entry
  kEntryOutside,    ///< an address in RAM, in no segment
  kAlignedNotes,    ///< behind an 8-aligned note in one segment (NOTE-3)
  kUnalignedNotes,  ///< p_align 0
  kByteNotes,       ///< p_align 1
  kTwoSegments,     ///< a second PT_NOTE that has no entry (NOTE-4)
  kSectionNote,     ///< in a section, and no PT_NOTE
  kDisagreeing,     ///< two of our notes, of which each would run
  kNoEntry,         ///< e_entry 0 (NOTE-5)
  kWrongMachine64,  ///< ELF64 that says EM_386
  kWrongMachine32,  ///< ELF32 that says EM_X86_64
  kFarMovable,      ///< linked at 1 GiB, with note 19 (NOTE-6)
  kFarFixed,        ///< linked at 1 GiB, without
  kLargeBss,        ///< 24 MiB of bss behind it (PLACE-1, PLACE-2)
  kStops,           ///< an undefined instruction at its entry: whoever runs it shows the registers
};

/// A case with all that is needed to run it.
struct Work {
  conform::Case asked;
  Guest guest = Guest::kProbe;
  std::vector<std::vector<std::byte>> modules = {};
  unsigned extra_ranges = 0;  ///< reserved ranges besides, for a long map (MAP-4)
};

[[nodiscard]] std::vector<Work> matrix(Matrix which);

/// How long this case may take. The guest prints its command line byte by byte, and where KVM itself is
/// emulated a byte takes a tenth of a millisecond: 16 KiB double the time.
[[nodiscard]] std::chrono::milliseconds limit_of(const Work& work, const Options& options);

/// How much kLargeBss takes, from its first byte.
inline constexpr std::uint64_t kLargeBssSize = 24 * kMiB;

/// The file of that guest.
[[nodiscard]] std::vector<std::byte> guest_file(Guest guest);

/// What that file says of where it starts and lies, into what a producer is asked for.
void describe(Guest guest, conform::Case& asked);

/// What a probe cannot know of the file that was made of it, into what it told.
void correct(Guest guest, conform::Capture& capture);

}  // namespace pvh::runners
