// From a kernel and a variant to a plan, and to what the kernel should say that it was given. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pvh/base/error.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/consumers/variants.hpp"

namespace pvh::consumers {

/// The kernel under test and what it gets in every variant. Views its files: keep them.
struct Base {
  const image::KernelImage& kernel;
  std::vector<boot::Module> modules = {};
  std::string command_line = {};
  std::uint64_t memory = 512 * kMiB;
  bool interval_timer = true;  ///< the engine's to say
};

/// From `first` up to, not including, `end`.
struct Span {
  std::uint64_t first;
  std::uint64_t end;
  bool operator==(const Span&) const = default;
};

/// An entry of the map as it lies in memory: nothing is promised of it.
struct RawEntry {
  std::uint64_t at;
  std::uint64_t size;
  std::uint32_t type;
  std::uint32_t reserved;
  bool operator==(const RawEntry&) const = default;
};

struct ModuleGiven {
  std::uint64_t size;
  std::uint32_t crc32;
  std::optional<std::string> command_line;
};

/// What a kernel that reads the start of day as the contract wants it finds there.
struct Given {
  std::uint32_t version = 1;
  std::optional<std::vector<RawEntry>> map = {};  ///< nothing where there is none
  std::vector<Span> ram = {};                     ///< RAM loses what overlaps (MAP-3)
  std::optional<std::string> command_line = {};
  std::vector<ModuleGiven> modules = {};
  bool acpi = true;
};

struct Made {
  boot::BootPlan plan;
  Given given;
};

/// The bytes of a module that a variant adds are made here, and live as long as the program.
[[nodiscard]] Result<Made> make(const Base& base, const Variant& variant);

/// What of `map` is RAM: sorted, disjoint, none touching the next. Of what overlaps, RAM loses; an entry that
/// passes 2^64 is not believed.
[[nodiscard]] std::vector<Span> ram_of(const std::vector<RawEntry>& map);

}  // namespace pvh::consumers
