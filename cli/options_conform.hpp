// The options of `pvh conform`: which there are, to which actions each belongs, and what they mean.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "options.hpp"

namespace pvh::cli {

/// The options as text; what they mean is worked out after it. A list is empty where its option was not
/// given.
struct ConformTexts {
  using Values = std::vector<std::string>;
  std::string action;
  std::vector<std::string> names;
  bool json = false;
  bool tap = false;
  bool markdown = false;
  Values junit;
  Values html;
  Values captures;
  Values matrix;
  Values qemu;
  Values timeout;
  Values initrds;
  Values append;
  Values expect;
  Values only;
  Values engine;
};

void describe_conform(ArgumentParser& parser, ConformTexts& texts);

[[nodiscard]] std::expected<ConformOptions, UsageError> conform_options(const ConformTexts& texts);

[[nodiscard]] std::optional<ConformAction> conform_action(std::string_view name);

/// "list", "judge", …: every action, in the order of the enumeration.
[[nodiscard]] std::vector<std::string_view> conform_actions();

/// The options of that action as they are typed, for the tests that hold help to it.
[[nodiscard]] std::vector<std::string_view> conform_option_names(ConformAction action);

}  // namespace pvh::cli
