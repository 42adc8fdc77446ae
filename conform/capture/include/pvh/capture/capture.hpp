// A captured start of day: everything that a guest was handed, and what its producer had been asked for.
// Judging needs nothing else, so captures can be kept, sent, compared and judged again. docs/capture.md is
// the format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/base/bytes.hpp"
#include "pvh/base/error.hpp"

namespace pvh::conform {

/// The format that is written, and the only one that is read.
inline constexpr std::uint64_t kCaptureFormat = 1;

struct ModuleAsked {
  std::uint64_t size = 0;
  std::optional<std::uint32_t> crc32 = {};  ///< as zlib's
  std::optional<std::string> command_line = {};
};

/// Where a kernel could be started wrongly, and the clause that is broken then.
struct WrongEntry {
  std::uint64_t at = 0;
  Clause clause = Clause::kNone;
};

/// Note 19, as the kernel's file has it (NOTE-6).
struct RelocationGiven {
  std::uint64_t alignment = 0;
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;  ///< of the last byte
};

/// What the producer was asked for. What is absent is not known, and nothing is held against it.
struct Case {
  std::string name = {};
  Clause about =
      Clause::kNone;  ///< what the case was made to show; a guest that never came up broke this (judge.cpp)
  std::string kernel = "probe";              ///< which guest
  std::optional<std::uint64_t> memory = {};  ///< bytes of RAM
  std::optional<std::uint64_t> cpus = {};
  std::optional<bool> acpi = {};
  std::optional<std::string> command_line = {};
  std::optional<std::vector<ModuleAsked>> modules = {};
  std::optional<std::uint64_t> map_entries = {};  ///< the map has at least so many
  bool fits = true;      ///< false: it cannot be done with this memory, and should be refused (PLACE-2)
  bool bootable = true;  ///< false: `about` tells why nobody can boot this kernel, which should be refused
  std::optional<std::uint64_t> entry = {};     ///< what the kernel's note says, where it was linked
  std::vector<WrongEntry> wrong_entries = {};  ///< other places where it would run, as linked
  std::optional<RelocationGiven> relocation = {};
};

enum class Outcome : std::uint8_t {
  kCaptured,  ///< the guest said all that it had to say
  kRefused,   ///< the producer ended with an error and no guest output
  kDied,      ///< it started something, and the guest's story is not whole
  kHung,      ///< the time limit came
  kGarbage,   ///< what came out is not the guest's story
};

/// "captured", "refused", …: as in JSON.
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

/// The guest's image as it found itself.
struct Image {
  std::uint64_t at = 0;
  std::uint64_t linked = 0;
  std::optional<std::uint64_t> entry = {};  ///< the address of the first instruction that ran
  std::optional<std::uint64_t> size = {};   ///< bss included
  std::optional<bool> zeroed = {};          ///< whether its bss was zero (NOTE-7)
  std::optional<bool> movable = {};         ///< whether it has note 19 (NOTE-6)
};

/// A segment register with what the CPU caches behind it, told from outside of the guest.
struct Segment {
  std::uint64_t selector = 0;
  std::uint64_t base = 0;
  std::uint64_t limit = 0;       ///< of the last byte
  std::uint64_t attributes = 0;  ///< type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15
};

struct MemoryPiece {
  std::uint64_t at = 0;
  std::vector<std::byte> bytes = {};
};

struct Checksum {
  std::uint64_t at = 0;
  std::uint64_t size = 0;  ///< bytes that were summed
  std::uint32_t crc32 = 0;
};

/// A string that was looked for, where its end may be beyond what is shown.
struct StringSeen {
  std::uint64_t at = 0;
  std::uint64_t length = 0;
  bool terminated = false;
};

/// One entry of RAM whose places were written and read back (MAP-5).
struct RamTried {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  std::uint64_t places = 0;
  std::uint64_t failed = 0;
  std::uint64_t first_failed = 0;
};

struct Capture {
  std::string producer = {};
  std::string version = {};  ///< the producer's own words
  std::string command = {};  ///< how to do it again
  Case asked = {};
  Outcome outcome = Outcome::kCaptured;
  std::string words = {};  ///< what the producer said where there is no capture
  std::optional<Image> image = {};
  std::map<std::string, std::uint64_t> registers = {};  ///< "ebx", "cr0", "gdt_base", …
  std::map<std::string, Segment> segments = {};         ///< "cs", "tr", …
  std::vector<MemoryPiece> memory = {};                 ///< sorted, disjoint, none touching the next
  std::vector<Checksum> checksums = {};
  std::vector<StringSeen> strings = {};
  std::vector<RamTried> ram = {};
  std::vector<std::uint64_t> rsdp_elsewhere = {};  ///< where the usual places hold "RSD PTR "
  std::vector<std::uint64_t> unreadable = {};      ///< where the guest looked, and no memory answered
};

/// The largest capture that is read.
inline constexpr std::uint64_t kMostCaptureBytes = 64 * kMiB;

/// Reads a capture that anybody may have made. An error names the member by its path.
[[nodiscard]] Result<Capture> read_capture(std::string_view json);

[[nodiscard]] std::string write_capture(const Capture& capture);

/// The capture in what the probe printed (guest/kernels/README.md): what a producer's serial line or file
/// holds. Lines that are not the probe's are skipped. An outcome other than kCaptured where the story is not
/// whole.
[[nodiscard]] Capture capture_of(std::string_view output, const Case& asked);

/// Adds `bytes` to sorted pieces; false where they contradict what is there already, or wrap.
[[nodiscard]] bool add_memory(std::vector<MemoryPiece>& pieces, std::uint64_t at, Bytes bytes);

/// zlib's CRC-32.
[[nodiscard]] std::uint32_t crc32(Bytes bytes);

}  // namespace pvh::conform
