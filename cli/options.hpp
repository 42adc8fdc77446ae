// What the user asked for: the command line as a value, or a usage error.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pvh/base/address.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/launch/options.hpp"

namespace pvh::cli {

using launch::DiskOption;
using launch::Engine;
using launch::MachineOptions;
using launch::ModuleOption;
using launch::NetOption;

struct InspectOptions {
  std::string file;
  bool json = false;
  std::uint64_t max_unpacked = kGiB;
};

struct ExtractOptions {
  std::string file;
  std::string output;  ///< empty or "-": standard output
  bool verbose = false;
  std::uint64_t max_unpacked = kGiB;
};

struct PlanOptions {
  MachineOptions machine;
  bool json = false;
};

struct RunOptions {
  MachineOptions machine;
  Engine engine = Engine::kAuto;
  std::string qemu = "qemu-system-x86_64";
  std::optional<std::chrono::milliseconds> timeout;
  bool quiet = false;
  bool sandbox = true;
};

struct CacheOptions {
  bool clear = false;  ///< else list
  bool json = false;
};

/// What `pvh conform` is asked to do.
enum class ConformAction : std::uint8_t { kList, kJudge, kProducer, kVariants, kConsumer, kBoot };

struct ConformOptions {
  ConformAction action = ConformAction::kList;
  std::vector<std::string> names;           ///< captures, or producers, or a variant and a kernel
  std::vector<std::string> initrds;         ///< a consumer's modules
  std::optional<std::string> command_line;  ///< of a consumer in every variant
  std::string expect;                       ///< what a consumer says that came up
  std::string only;                         ///< the variants wanted, with commas between; empty: all
  Engine engine = Engine::kQemu;
  bool json = false;
  bool tap = false;
  bool markdown = false;
  std::string junit;  ///< files to be written; empty: none
  std::string html;
  std::string captures;  ///< a folder
  bool full = false;     ///< the full matrix
  std::string qemu = "qemu-system-x86_64";
  std::optional<std::chrono::milliseconds> timeout;  ///< of one case
};

/// A text that was asked for: help, or the version.
struct TextWanted {
  std::string text;
};

using Command = std::variant<InspectOptions, ExtractOptions, PlanOptions, RunOptions, CacheOptions,
                             ConformOptions, TextWanted>;

/// What is wrong with the command line, ready to be said.
struct UsageError {
  std::string text;
};

/// `arguments` without the program's name.
[[nodiscard]] std::expected<Command, UsageError> parse_arguments(std::span<const std::string> arguments);

/// "FILE,TEXT" at its first single comma; two commas in the file's name stand for one.
[[nodiscard]] ModuleOption parse_module(std::string_view text);

/// "FILE[,ro][,serial=S]"; nothing where another word follows a comma, or S is none that a guest can be
/// given.
[[nodiscard]] std::optional<DiskOption> parse_disk(std::string_view text);

/// "tap=NAME[,mac=MAC]" or "user[,mac=MAC][,hostfwd=F]…"; or what is wrong with it, in words.
[[nodiscard]] std::expected<NetOption, std::string_view> parse_net(std::string_view text);

/// "TYPE@START+SIZE", TYPE by name or number.
[[nodiscard]] std::optional<boot::UserRange> parse_memory_range(std::string_view text);

/// "2.5": seconds, more than none and at most about a year.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

/// The map entry types by the names that --memmap takes, from type 1 on.
[[nodiscard]] std::span<const std::string_view> memory_type_names();

/// Every option of `command` as it is typed ("--append"), for the tests that hold help and manual to it.
[[nodiscard]] std::vector<std::string> option_names(std::string_view command);

}  // namespace pvh::cli
