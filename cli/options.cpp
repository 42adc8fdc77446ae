#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "arguments.hpp"
#include "help.hpp"
#include "option_values.hpp"
#include "options_conform.hpp"
#include "pvh/backend/tap.hpp"
#include "pvh/backend/vsock.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

/// The options as text; what they mean is worked out after it.
struct Texts {
  std::string file;
  std::string action;
  bool json = false;
  bool verbose = false;
  std::string output;
  std::string max_unpacked = "1G";

  std::vector<std::string> initrds;
  std::vector<std::string> modules;
  std::vector<std::string> append;
  std::string memory = std::to_string(launch::kDefaultMemoryMiB);
  std::string cpus = "1";
  std::vector<std::string> disks;
  std::vector<std::string> nets;
  std::string cid;
  bool no_entropy = false;
  std::string console = "serial";
  bool no_acpi = false;
  bool no_cache = false;
  std::string load_address;
  bool randomize = false;
  std::string seed;
  std::vector<std::string> memory_map;
  std::string start_info_version = "1";
  bool version_0 = false;

  std::string engine = "auto";
  std::string qemu = "qemu-system-x86_64";
  std::string timeout;
  bool quiet = false;
  bool no_sandbox = false;

  ConformTexts conform;
};

void add_machine_options(ArgumentParser& parser, Texts& texts) {
  parser.add_all("--initrd", texts.initrds);
  parser.add_all("--module", texts.modules);
  parser.add_all("--append", texts.append);
  parser.add_last("-m,--memory", texts.memory);
  parser.add_last("--cpus", texts.cpus);
  parser.add_all("--disk", texts.disks);
  parser.add_all("--net", texts.nets);
  parser.add_last("--vsock", texts.cid);
  parser.add_flag("--no-rng", texts.no_entropy);
  parser.add_last("--console", texts.console);
  parser.add_flag("--no-acpi", texts.no_acpi);
  parser.add_flag("--no-cache", texts.no_cache);
  parser.add_last("--load-address", texts.load_address);
  parser.add_flag("--randomize", texts.randomize);
  parser.add_last("--seed", texts.seed);
  parser.add_all("--memmap", texts.memory_map);
  parser.add_last("--start-info-version", texts.start_info_version);
  parser.add_flag("--version-0", texts.version_0);
}

/// Only the command in use is described: the others' options would cost time and serve nobody.
bool describe(ArgumentParser& parser, std::string_view command, Texts& texts) {
  if (command == "inspect") {
    parser.add_flag("--json", texts.json);
  } else if (command == "extract") {
    parser.add_last("-o,--output", texts.output);
    parser.add_flag("-v,--verbose", texts.verbose);
  } else if (command == "plan") {
    parser.add_flag("--json", texts.json);
    add_machine_options(parser, texts);
  } else if (command == "run") {
    add_machine_options(parser, texts);
    parser.add_last("--engine", texts.engine);
    parser.add_last("--qemu", texts.qemu);
    parser.add_last("--timeout", texts.timeout);
    parser.add_flag("-q,--quiet", texts.quiet);
    parser.add_flag("--no-sandbox", texts.no_sandbox);
  } else if (command == "cache") {
    parser.add_flag("--json", texts.json);
    parser.set_file("ACTION", texts.action);
    return true;
  } else if (command == "conform") {
    describe_conform(parser, texts.conform);
    return true;
  } else {
    return false;
  }
  parser.add_last("--max-unpacked", texts.max_unpacked);
  parser.set_file(command == "run" || command == "plan" ? "KERNEL" : "FILE", texts.file);
  return true;
}

Expected<std::uint64_t> size_option(std::string_view option, std::string_view value, std::uint64_t unit) {
  const auto size = parse_size(value, unit);
  if (!size || *size == 0) return wrong(option, value, "not a size; 64M, 2G or 4096K would be");
  return *size;
}

Expected<void> read_placement(const Texts& texts, MachineOptions& out) {
  if (!texts.load_address.empty()) {
    const auto address = parse_size(texts.load_address);
    if (!address)
      return wrong("--load-address", texts.load_address, "not an address; 0x1000000 or 16M would be");
    if (texts.randomize) return Usage(UsageError{"--load-address and --randomize exclude each other"});
    out.load_address = GuestAddress(*address);
  }
  out.randomize = texts.randomize;
  if (!texts.seed.empty()) {
    out.seed = parse_number(texts.seed);
    if (!out.seed) return wrong("--seed", texts.seed, "not a number of at most 64 bits");
    if (!texts.randomize) return Usage(UsageError{"--seed is of use only with --randomize"});
  }
  for (const std::string& text : texts.memory_map) {
    const auto range = parse_memory_range(text);
    if (!range) {
      return wrong("--memmap", text, "not TYPE@START+SIZE, such as reserved@0x4000000+1M or 7@8G+1G");
    }
    out.memory_map.push_back(*range);
  }
  return {};
}

Expected<void> read_files(const Texts& texts, MachineOptions& out) {
  out.kernel = texts.file;
  if (texts.initrds.size() > 1) {
    return Usage(UsageError{"--initrd is given more than once; further files are for --module"});
  }
  if (!texts.initrds.empty()) out.initrd = texts.initrds.front();
  for (const std::string& text : texts.modules) {
    out.modules.push_back(parse_module(text));
    if (out.modules.back().path.empty()) return wrong("--module", text, "names no file");
  }
  for (const std::string& text : texts.disks) {
    auto disk = parse_disk(text);
    if (!disk) {
      return wrong("--disk", text,
                   "only `ro` and `serial=` with 1 to 20 ASCII characters may follow a comma; a comma in the "
                   "name is ,,");
    }
    out.disks.push_back(std::move(*disk));
    if (out.disks.back().path.empty()) return wrong("--disk", text, "names no file");
  }
  for (const std::string& text : texts.nets) {
    auto net = parse_net(text);
    if (!net) return wrong("--net", text, net.error());
    out.nets.push_back(std::move(*net));
  }
  out.command_line = appended(texts.append);
  return {};
}

Expected<MachineOptions> machine_options(const Texts& texts, std::uint64_t max_unpacked) {
  MachineOptions out;
  out.max_unpacked = max_unpacked;
  if (auto done = read_files(texts, out); !done) return Usage(done.error());
  if (auto done = read_placement(texts, out); !done) return Usage(done.error());

  const auto memory = size_option("--memory", texts.memory, kMiB);
  if (!memory) return Usage(memory.error());
  if (*memory % kPageSize != 0) return wrong("--memory", texts.memory, "must be a multiple of 4K");
  out.memory = *memory;

  const auto cpus = parse_number(texts.cpus);
  if (!cpus || *cpus == 0 || *cpus > UINT32_MAX)
    return wrong("--cpus", texts.cpus, "not a number of CPUs from 1 on");
  out.cpus = static_cast<std::uint32_t>(*cpus);
  out.acpi = !texts.no_acpi;
  out.entropy = !texts.no_entropy;
  if (texts.console != "serial" && texts.console != "virtio")
    return wrong("--console", texts.console, "must be serial or virtio");
  out.console = texts.console == "virtio";
  if (!texts.cid.empty()) {
    const auto cid = parse_number(texts.cid);
    if (!cid || *cid < backend::kFirstCid || *cid > backend::kLastCid)
      return wrong("--vsock", texts.cid, "not a guest's CID: from 3 to 4294967294; 0, 1 and 2 are reserved");
    out.cid = static_cast<std::uint32_t>(*cid);
  }
  out.cache = !texts.no_cache;

  const auto version = parse_number(texts.start_info_version);
  if (!version || *version > 1) {
    return wrong("--start-info-version", texts.start_info_version, "must be 0 or 1");
  }
  out.start_info_version = texts.version_0 ? 0 : static_cast<std::uint32_t>(*version);
  return out;
}

std::optional<Engine> engine_named(std::string_view name) {
  if (name == "auto") return Engine::kAuto;
  if (name == "kvm") return Engine::kKvm;
  if (name == "qemu") return Engine::kQemu;
  return std::nullopt;
}

Expected<RunOptions> run_options(const Texts& texts, std::uint64_t max_unpacked) {
  auto machine = machine_options(texts, max_unpacked);
  if (!machine) return Usage(machine.error());
  RunOptions out;
  out.machine = std::move(*machine);
  const auto engine = engine_named(texts.engine);
  if (!engine) return wrong("--engine", texts.engine, "must be auto, kvm or qemu");
  out.engine = *engine;
  out.qemu = texts.qemu;
  out.quiet = texts.quiet;
  out.sandbox = !texts.no_sandbox;
  const auto time = timeout_option(texts.timeout);
  if (!time) return Usage(time.error());
  out.timeout = *time;
  return out;
}

Expected<CacheOptions> cache_options(const Texts& texts) {
  if (texts.action != "list" && texts.action != "clear")
    return Usage(UsageError{fmt::format("{}: must be list or clear", printable(texts.action))});
  return CacheOptions{.clear = texts.action == "clear", .json = texts.json};
}

Expected<Command> to_command(std::string_view command, const Texts& texts) {
  if (command == "cache") {
    const auto cache = cache_options(texts);
    if (!cache) return Usage(cache.error());
    return *cache;
  }
  if (command == "conform") {
    auto conform = conform_options(texts.conform);
    if (!conform) return Usage(conform.error());
    return std::move(*conform);
  }
  if (texts.file.empty()) return Usage(UsageError{"the file's name is empty"});
  const auto max_unpacked = size_option("--max-unpacked", texts.max_unpacked, 1);
  if (!max_unpacked) return Usage(max_unpacked.error());
  if (command == "inspect") return InspectOptions{texts.file, texts.json, *max_unpacked};
  if (command == "extract") return ExtractOptions{texts.file, texts.output, texts.verbose, *max_unpacked};
  if (command == "plan") {
    auto machine = machine_options(texts, *max_unpacked);
    if (!machine) return Usage(machine.error());
    return PlanOptions{std::move(*machine), texts.json};
  }
  auto run = run_options(texts, *max_unpacked);
  if (!run) return Usage(run.error());
  return std::move(*run);
}

bool asks_for_help(std::string_view argument) {
  return argument == "--help" || argument == "-h";
}

std::string whole(std::string_view command, std::string_view problem) {
  if (command.empty()) return fmt::format("pvh: {}\n     `pvh --help` shows what there is.\n", problem);
  return fmt::format("pvh: {}: {}\n     `pvh {} --help` shows its options.\n", command, problem, command);
}

/// The first comma that stands alone; two in a row are one in the name, which goes to `name`.
std::optional<std::string_view> split_at_comma(std::string_view text, std::string& name) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' && (i + 1 == text.size() || text[i + 1] != ',')) return text.substr(i + 1);
    if (text[i] == ',') ++i;
    name += text[i];
  }
  return std::nullopt;
}

/// What a virtio disk can tell its guest, and Linux shows as a file's content.
bool is_serial(std::string_view text) {
  constexpr std::size_t kMost = 20;
  return !text.empty() && text.size() <= kMost &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

/// What may stand behind the kind of a network card.
std::expected<void, std::string_view> read_net_word(std::string_view word, bool user, NetOption& out) {
  constexpr std::string_view kMac = "mac=";
  constexpr std::string_view kForward = "hostfwd=";
  if (word.starts_with(kMac)) {
    out.mac = backend::parse_mac(word.substr(kMac.size()));
    if (out.mac) return {};
    return std::unexpected("the MAC must be of one card, such as 02:00:5e:10:00:01 (its first byte even)");
  }
  if (!user) return std::unexpected("only `mac=` may follow a comma");
  if (!word.starts_with(kForward)) return std::unexpected("only `mac=` and `hostfwd=` may follow a comma");
  const auto forward = backend::parse_forward(word.substr(kForward.size()));
  if (!forward) return std::unexpected(forward.error());
  for (const backend::Forward& other : out.forwards) {
    if (other.protocol == forward->protocol && other.port == forward->port)
      return std::unexpected("one port of this host cannot lead to two places: hostfwd names it twice");
  }
  out.forwards.push_back(*forward);
  return {};
}

constexpr auto kMemoryTypes =
    std::to_array<std::string_view>({"ram", "reserved", "acpi", "nvs", "unusable", "disabled", "pmem"});

std::optional<std::uint32_t> memory_type(std::string_view text) {
  for (std::size_t i = 0; i < kMemoryTypes.size(); ++i) {
    if (text == kMemoryTypes[i]) return static_cast<std::uint32_t>(i + 1);
  }
  const auto number = parse_number(text);
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::span<const std::string_view> memory_type_names() {
  return kMemoryTypes;
}

ModuleOption parse_module(std::string_view text) {
  ModuleOption out;
  if (const auto rest = split_at_comma(text, out.path)) out.command_line = std::string(*rest);
  return out;
}

std::optional<DiskOption> parse_disk(std::string_view text) {
  constexpr std::string_view kSerial = "serial=";
  DiskOption out;
  auto rest = split_at_comma(text, out.path);
  while (rest) {
    std::string word;
    rest = split_at_comma(*rest, word);
    if (word == "ro")
      out.read_only = true;
    else if (word.starts_with(kSerial) && is_serial(word.substr(kSerial.size())))
      out.serial = word.substr(kSerial.size());
    else
      return std::nullopt;
  }
  return out;
}

std::expected<NetOption, std::string_view> parse_net(std::string_view text) {
  NetOption out;
  std::string word;
  auto rest = split_at_comma(text, word);
  if (word != "user" && !word.starts_with("tap="))
    return std::unexpected("must begin with user, or with tap= and the name of a tap of this host");
  const bool user = word == "user";
  if (!user) {
    out.tap = word.substr(4);
    if (out.tap.empty()) return std::unexpected("names no interface");
    if (out.tap.size() > backend::kLongestInterfaceName)
      return std::unexpected("no interface has such a long name: 15 characters are the most");
  }
  while (rest) {
    word.clear();
    rest = split_at_comma(*rest, word);
    if (auto done = read_net_word(word, user, out); !done) return std::unexpected(done.error());
  }
  return out;
}

std::optional<boot::UserRange> parse_memory_range(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::size_t plus = text.find('+');
  if (at == std::string_view::npos || plus == std::string_view::npos || plus < at) return std::nullopt;
  const auto type = memory_type(text.substr(0, at));
  const auto start = parse_size(text.substr(at + 1, plus - at - 1));
  const auto size = parse_size(text.substr(plus + 1));
  if (!type || !start || !size) return std::nullopt;
  const auto range = GuestRange::from_size(GuestAddress(*start), *size);
  if (!range) return std::nullopt;
  return boot::UserRange{*type, *range};
}

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) {
  constexpr double kMost = 366.0 * 24 * 60 * 60;
  double seconds = 0;
  const auto [rest, problem] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (problem != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  // Written so that a NaN fails.
  if (!(seconds >= 0.001 && seconds <= kMost)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::vector<std::string> option_names(std::string_view command) {
  ArgumentParser parser;
  Texts texts;
  return describe(parser, command, texts) ? parser.names() : std::vector<std::string>();
}

std::expected<Command, UsageError> parse_arguments(std::span<const std::string> arguments) {
  if (arguments.empty()) return Usage(UsageError{help_for("")});
  const std::string& command = arguments.front();
  const auto rest = arguments.subspan(1);
  if (asks_for_help(command) || command == "help") {
    const std::string_view about = rest.empty() ? std::string_view() : rest.front();
    if (about.empty() || help_for(about) != help_for("")) return TextWanted{help_for(about, rest)};
    return Usage(UsageError{whole("", fmt::format("there is no command `{}`", printable(about)))});
  }
  if (command == "--version" || command == "-V") return TextWanted{std::string(version_text())};

  ArgumentParser parser;
  Texts texts;
  if (!describe(parser, command, texts)) {
    return Usage(UsageError{whole("", fmt::format("there is no command `{}`", printable(command)))});
  }
  for (const std::string& argument : rest) {
    if (argument == "--") break;
    if (asks_for_help(argument)) return TextWanted{help_for(command, rest)};
  }
  const auto done = parser.parse(rest);
  auto out = done ? to_command(command, texts) : Usage(UsageError{done.error()});
  if (out) return out;
  // An action is part of the command's name.
  const bool has_action = conform_action(texts.conform.action).has_value();
  return Usage(UsageError{
      whole(has_action ? fmt::format("{} {}", command, texts.conform.action) : command, out.error().text)});
}

}  // namespace pvh::cli
