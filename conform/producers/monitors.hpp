// The producers: how each is asked for a case, on its command line.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cases.hpp"
#include "pvh/producers/process.hpp"
#include "pvh/producers/producers.hpp"

namespace pvh::runners {

/// Where the files of one case lie.
struct Files {
  std::string kernel;
  std::vector<std::string> modules;
  std::string output;  ///< where a monitor may write the guest's serial line
};

/// A case whose files lie there.
struct Job {
  Work work;
  Files files;
};

/// What a monitor that runs all cases at once made of them.
struct Batch {
  /// How one case went: as if it had been a program of its own, and what runs it alone.
  struct Case {
    std::vector<std::string> command;
    Ran ran;
  };
  std::string version = {};
  std::string not_run = {};  ///< why it cannot be had on this machine; then there are no cases
  std::vector<Case> cases = {};
};

struct Monitor {
  std::string name;
  std::vector<std::string> version_command = {};
  std::function<std::vector<std::string>(const Work&, const Files&)> command = {};
  /// In place of `command`: runs all of them in one go, in this folder.
  std::function<Result<Batch>(std::span<const Job>, const std::string& folder)> run_all = {};
  /// Why this case cannot be asked for; nothing where it can.
  std::function<std::optional<std::string>(const Work&)> cannot;
  /// What of a case it was told; all of it where this is empty. What nobody told it is not held against it.
  std::function<conform::Case(const Work&)> told = {};
  /// Why it cannot be had on this machine; nothing where it can. Asked before any case is run.
  std::function<std::optional<std::string>()> absent = {};
  bool output_in_file = false;  ///< the guest's output is in Files::output, not on standard output
  bool asks_registers = false;  ///< the registers of a guest that stopped are asked for on standard input
};

[[nodiscard]] Result<Monitor> monitor_named(const std::string& name, const Options& options);

}  // namespace pvh::runners
