// A capture with its structures read: what the checks look at.
#pragma once

#include <pvh/start_info.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/capture/capture.hpp"

namespace pvh::conform {

/// As it lies in memory. The version-1 members are absent on version 0 (START-2), and where they are not
/// shown.
struct StartInfoSeen {
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t flags = 0;
  std::uint32_t module_count = 0;
  std::uint64_t module_list = 0;
  std::uint64_t command_line = 0;
  std::uint64_t rsdp = 0;
  std::optional<std::uint64_t> map = {};
  std::optional<std::uint32_t> map_count = {};
  std::optional<std::uint32_t> reserved = {};

  [[nodiscard]] bool is_cut_short() const { return version >= 1 && !map; }
};

struct ModuleSeen {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  std::uint64_t command_line = 0;
  std::uint64_t reserved = 0;
};

struct MapEntrySeen {
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  std::uint32_t type = 0;
  std::uint32_t reserved = 0;

  /// To end with the last byte of the address space is no wrap.
  [[nodiscard]] bool is_ram() const { return type == XEN_HVM_MEMMAP_TYPE_RAM; }
  [[nodiscard]] bool has_known_type() const {
    return type >= XEN_HVM_MEMMAP_TYPE_RAM && type <= XEN_HVM_MEMMAP_TYPE_PMEM;
  }
  [[nodiscard]] bool wraps() const { return size != 0 && size - 1 > UINT64_MAX - at; }
  /// Behind its last byte, or that byte where there is nothing behind it.
  [[nodiscard]] std::uint64_t end() const { return size > UINT64_MAX - at ? UINT64_MAX : at + size; }
};

/// A piece of guest memory that something lies in.
struct Taken {
  std::string name;
  std::uint64_t at = 0;
  std::uint64_t size = 0;

  [[nodiscard]] std::uint64_t end() const { return size > UINT64_MAX - at ? UINT64_MAX : at + size; }
};

/// From `first` up to, not including, `end`.
struct Span {
  std::uint64_t first;
  std::uint64_t end;
};

struct TextSeen {
  std::uint64_t length = 0;
  bool terminated = false;
  bool endless = false;  ///< the guest looked, and found no end; else it is only not shown
  std::optional<std::string_view> text = {};  ///< where all of it is shown; views the capture
};

struct Evidence {
  const Capture& capture;
  std::optional<StartInfoSeen> info = {};               ///< where bytes lie at ebx
  bool known = false;                                   ///< `info` has its magic
  std::optional<std::vector<ModuleSeen>> modules = {};  ///< where all of the list is shown
  std::optional<std::vector<MapEntrySeen>> map = {};    ///< where all of it is shown
  std::vector<Taken> tables = {};                       ///< ACPI's, the RSDP among them
  std::vector<std::string> table_faults = {};           ///< of tables that are none
  std::string map_fault = {};                           ///< why the map is shown and yet not to be judged
  bool map_garbled = false;                             ///< its entries are no 24 bytes (MAP-1)
  std::string module_fault = {};                        ///< the same of the module list
  /// Everything that lies in memory but for ACPI's tables: kernel, structures, strings, modules.
  std::vector<Taken> things = {};
  // Of the map, by type: sorted, disjoint, none touching the next.
  std::vector<Span> listed = {};     ///< what any entry covers
  std::vector<Span> working = {};    ///< what entries cover that are not UNUSABLE or DISABLED
  std::vector<Span> ram = {};        ///< what RAM entries cover
  std::vector<Span> maybe_ram = {};  ///< and those of a type that nobody knows

  /// The bytes there, where all of them are shown.
  [[nodiscard]] std::optional<Bytes> bytes(std::uint64_t at, std::uint64_t size) const;
  /// Whether the guest looked there and no memory answered: more than that nothing is shown.
  [[nodiscard]] bool unreadable(std::uint64_t at) const;
  /// The string there, where anything of it is known.
  [[nodiscard]] std::optional<TextSeen> text(std::uint64_t at) const;
  [[nodiscard]] std::optional<std::uint64_t> register_named(const std::string& name) const;
  /// The checksum of these bytes: the capture's own, or from the bytes that are shown.
  [[nodiscard]] std::optional<std::uint32_t> checksum(std::uint64_t at, std::uint64_t size) const;
};

/// Whether all of it lies in one of `spans`.
[[nodiscard]] bool covered(const std::vector<Span>& spans, std::uint64_t at, std::uint64_t size);

/// Of ACPI.
inline constexpr std::uint64_t kTableHeader = 36;

/// As far as the probe looks for a string's end.
inline constexpr std::uint64_t kProbeLooks = kMiB;

/// What module `i`'s command line is called among the things.
[[nodiscard]] std::string name_of_module_words(std::size_t i);

/// Reads what the capture shows. Views it.
[[nodiscard]] Evidence gather(const Capture& capture);

/// Memory that a machine may keep for its firmware and devices without listing it.
inline constexpr std::uint64_t kUnlisted = 4 * kMiB;

/// Bytes of RAM that the map lists, those that several entries list counted once.
[[nodiscard]] std::uint64_t ram_of(const Evidence& evidence);

/// Whether the map lists less RAM than was asked for (MAP-5).
[[nodiscard]] bool lacks_ram(const Evidence& evidence);

/// Another thing or table that lies over some of this one, by its name; empty where none does. What was
/// overwritten breaks PLACE-1 and no clause of its own. `own`: a name, not to be taken for another thing
/// where it is known with another size.
[[nodiscard]] std::string lies_over(const Evidence& evidence, std::uint64_t at, std::uint64_t size,
                                    std::string_view own = {});

/// Whether this could be a start info but for its magic: what tells a wrong magic from a wrong ebx.
[[nodiscard]] bool looks_like_start_info(const StartInfoSeen& info);

/// Where a start info lies that ebx does not point at, if the capture shows one.
[[nodiscard]] std::optional<std::uint64_t> start_info_elsewhere(const Evidence& evidence);

/// The piece of the command line that lies where ebx points, if one does: it was longer than its place, and
/// ran over the start info (START-5). No fault of ebx.
[[nodiscard]] std::optional<std::string> command_line_at_ebx(const Evidence& evidence);

}  // namespace pvh::conform
