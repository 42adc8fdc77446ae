// A first look at a foreign JSON text, before a tree is made of it: whether it is one, says nothing twice and
// is of a bounded size and depth. The tree would keep the last of two members in silence.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pvh/base/error.hpp"

namespace pvh::conform {

/// Numbers as they are written, by their path, where they are no whole numbers of 64 bits; the first of them.
using WrittenNumbers = std::map<std::string, std::string>;

/// The numbers, or the first thing wrong.
[[nodiscard]] Result<WrittenNumbers> outline_of(std::string_view json);

/// "case.modules[1].size"
[[nodiscard]] std::string joined_path(const std::string& path, std::string_view name);

}  // namespace pvh::conform
