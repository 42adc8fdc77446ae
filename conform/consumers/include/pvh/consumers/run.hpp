// Boots a kernel under each variant, in a process of its own, and judges what it says.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "pvh/consumers/verdict.hpp"

namespace pvh::consumers {

struct Options {
  std::vector<std::string> command;  ///< boots a variant, whose name is put in place of the word kVariantWord
  std::string expect;                ///< what a kernel says that came up; empty: it ends as under "plain"
  /// Without a command line it says nothing, however it is: a Linux with a RAM disk of the user's.
  bool silent_without_command_line = false;
  std::chrono::milliseconds limit{60000};  ///< of one boot
  unsigned jobs = 2;                       ///< boots at once
};

inline constexpr std::string_view kVariantWord = "{variant}";

struct ConsumerReport {
  std::string consumer;
  std::string kind = {};  ///< as Told::kind
  std::string engine = {};
  std::vector<VariantResult> results = {};
  std::chrono::milliseconds took{0};
};

/// Whether the kernel lives with the plain variant and with every other that is a "must" and could be made.
[[nodiscard]] bool keeps_the_contract(const ConsumerReport& report);

/// That in a sentence; another one where not even the plain variant could be run, which tells nothing of the
/// kernel.
[[nodiscard]] std::string conclusion_text(const ConsumerReport& report);

/// `wanted` views variants(). "plain" is always booted, and first: the others are compared with it.
[[nodiscard]] ConsumerReport run_consumer(const Base& base, std::span<const Variant* const> wanted,
                                          const Options& options);

}  // namespace pvh::consumers
