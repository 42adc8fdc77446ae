// The options of `pvh conform`.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "options.hpp"

namespace pvh::cli {

/// The options as text; what they mean is worked out after it.
struct ConformTexts {
  std::string action;
  std::vector<std::string> names;
  std::vector<std::string> initrds;
  std::vector<std::string> append;
  bool json = false;
  bool tap = false;
  bool markdown = false;
  std::string junit;
  std::string html;
  std::string captures;
  std::string matrix = "short";
  std::string expect;
  std::string only;
  std::string engine = "qemu";
  std::string qemu = "qemu-system-x86_64";
  std::string timeout;
};

void describe_conform(ArgumentParser& parser, ConformTexts& texts);

[[nodiscard]] std::expected<ConformOptions, UsageError> conform_options(const ConformTexts& texts);

}  // namespace pvh::cli
