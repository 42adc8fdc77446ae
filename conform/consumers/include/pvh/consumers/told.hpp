// What a kernel's output tells of the start of day that it was given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/consumers/vary.hpp"

namespace pvh::consumers {

struct ModuleTold {
  std::uint64_t size;
  std::optional<std::uint32_t> crc32 = {};
  std::optional<std::string> command_line = {};
};

/// Each member only where the kernel spoke of it.
struct Told {
  std::string kind;                           ///< "linux", "probe", "hello"; empty: nobody that we understand
  bool whole = false;                         ///< it came to the end of what it has to say
  std::optional<std::vector<Span>> ram = {};  ///< what it takes for RAM
  std::optional<std::vector<Span>> in_use = {};  ///< what it uses of that, where it says so too
  /// The outer: whether it spoke of one; the inner: none.
  std::optional<std::optional<std::string>> command_line = {};
  std::optional<std::size_t> module_count = {};
  std::optional<std::vector<ModuleTold>> modules = {};
  std::optional<bool> acpi = {};  ///< whether it was given an RSDP
};

[[nodiscard]] Told told_by(std::string_view output);

}  // namespace pvh::consumers
