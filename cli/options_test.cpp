#include "options.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "help.hpp"

namespace pvh::cli {
namespace {

using Arguments = std::vector<std::string>;

template <class T>
T parsed(const Arguments& arguments) {
  auto command = parse_arguments(arguments);
  if (!command) {
    ADD_FAILURE() << command.error().text;
    return T{};
  }
  if (!std::holds_alternative<T>(*command)) {
    ADD_FAILURE() << "another command";
    return T{};
  }
  return std::get<T>(*command);
}

std::string usage_error(const Arguments& arguments) {
  auto command = parse_arguments(arguments);
  return command ? "no error" : command.error().text;
}

TEST(Options, RunTakesAKernelAndNothingElse) {
  const auto run = parsed<RunOptions>({"run", "vmlinuz"});
  EXPECT_EQ(run.machine.kernel, "vmlinuz");
  EXPECT_EQ(run.machine.memory, 512 * kMiB);
  EXPECT_EQ(run.machine.cpus, 1U);
  EXPECT_EQ(run.machine.start_info_version, 1U);
  EXPECT_EQ(run.machine.command_line, std::nullopt);
  EXPECT_TRUE(run.machine.acpi);
  EXPECT_EQ(run.timeout, std::nullopt);
  EXPECT_TRUE(run.sandbox);
}

TEST(Options, TheCacheIsUsedUnlessToldNotTo) {
  EXPECT_TRUE(parsed<RunOptions>({"run", "k"}).machine.cache);
  EXPECT_FALSE(parsed<RunOptions>({"run", "k", "--no-cache"}).machine.cache);
  EXPECT_FALSE(parsed<PlanOptions>({"plan", "k", "--no-cache"}).machine.cache);
}

TEST(Options, CacheListsOrClears) {
  EXPECT_FALSE(parsed<CacheOptions>({"cache", "list"}).clear);
  EXPECT_TRUE(parsed<CacheOptions>({"cache", "clear"}).clear);
  EXPECT_TRUE(parsed<CacheOptions>({"cache", "--json", "list"}).json);
}

TEST(Options, RunTakesAllOfThem) {
  const auto run = parsed<RunOptions>({"run",
                                       "--initrd",
                                       "i",
                                       "k",
                                       "--module",
                                       "m,a b,c",
                                       "--module=n",
                                       "--append",
                                       "quiet",
                                       "--append",
                                       "x",
                                       "-m",
                                       "2G",
                                       "--cpus",
                                       "4",
                                       "--disk",
                                       "d,ro,serial=s1",
                                       "--no-rng",
                                       "--console",
                                       "virtio",
                                       "--disk",
                                       "e",
                                       "--no-acpi",
                                       "--randomize",
                                       "--seed",
                                       "7",
                                       "--memmap",
                                       "pmem@8G+1G",
                                       "--memmap",
                                       "12@0x1000+4K",
                                       "--version-0",
                                       "--max-unpacked",
                                       "64M",
                                       "--engine",
                                       "qemu",
                                       "--qemu",
                                       "/q",
                                       "--timeout",
                                       "2.5",
                                       "-q",
                                       "--no-sandbox"});
  EXPECT_EQ(run.machine.kernel, "k");
  EXPECT_EQ(run.machine.initrd, "i");
  EXPECT_EQ(run.machine.modules, (std::vector<ModuleOption>{{"m", "a b,c"}, {"n", std::nullopt}}));
  EXPECT_EQ(run.machine.command_line, "quiet x");
  EXPECT_EQ(run.machine.memory, 2 * kGiB);
  EXPECT_EQ(run.machine.cpus, 4U);
  EXPECT_EQ(run.machine.disks, (std::vector<DiskOption>{{"d", true, "s1"}, {"e", false}}));
  EXPECT_FALSE(run.machine.entropy);
  EXPECT_TRUE(run.machine.console);
  EXPECT_FALSE(run.machine.acpi);
  EXPECT_TRUE(run.machine.randomize);
  EXPECT_EQ(run.machine.seed, 7U);
  ASSERT_EQ(run.machine.memory_map.size(), 2U);
  EXPECT_EQ(run.machine.memory_map[0].type, 7U);
  EXPECT_EQ(run.machine.memory_map[0].range, GuestRange::from_size(GuestAddress{8 * kGiB}, kGiB));
  EXPECT_EQ(run.machine.memory_map[1].type, 12U);
  EXPECT_EQ(run.machine.start_info_version, 0U);
  EXPECT_EQ(run.machine.max_unpacked, 64 * kMiB);
  EXPECT_EQ(run.engine, Engine::kQemu);
  EXPECT_EQ(run.qemu, "/q");
  EXPECT_EQ(run.timeout, std::chrono::milliseconds(2500));
  EXPECT_TRUE(run.quiet);
  EXPECT_FALSE(run.sandbox);
}

TEST(Options, AnEmptyCommandLineIsOneToo) {
  EXPECT_EQ(parsed<RunOptions>({"run", "k", "--append", ""}).machine.command_line, "");
  EXPECT_EQ(parsed<RunOptions>({"run", "k", "--append="}).machine.command_line, "");
}

TEST(Options, ACommandLineIsTakenAsItStands) {
  for (const char* text : {"[a,b]", "{}", "a=\"b c\"", "x y", "%s", "'q'"}) {
    EXPECT_EQ(parsed<RunOptions>({"run", "k", "--append", text}).machine.command_line, text);
  }
  EXPECT_EQ(parsed<RunOptions>({"run", "k", "--append=--strange"}).machine.command_line, "--strange");
  EXPECT_EQ(parsed<RunOptions>({"run", "k", "--append=root="}).machine.command_line, "root=");
}

TEST(Options, AFileNameMayBeginWithADash) {
  EXPECT_EQ(parsed<InspectOptions>({"inspect", "--", "--help"}).file, "--help");
}

TEST(Options, HelpIsNoUsageError) {
  EXPECT_EQ(parsed<TextWanted>({"--help"}).text, help_for(""));
  EXPECT_EQ(parsed<TextWanted>({"help", "plan"}).text, help_for("plan"));
  EXPECT_EQ(parsed<TextWanted>({"run", "k", "--help"}).text, help_for("run"));
  EXPECT_EQ(parsed<TextWanted>({"--version"}).text, version_text());
}

struct WrongUse {
  const char* what;
  Arguments arguments;
  const char* named;  ///< in the message
};

TEST(Options, EveryWrongUseIsSaid) {
  const std::vector<WrongUse> uses{
      {"no command", {}, "pvh inspect"},
      {"an unknown command", {"boot", "k"}, "boot"},
      {"an unknown option", {"run", "k", "--fast"}, "--fast"},
      {"another command's option", {"inspect", "k", "--cpus", "2"}, "--cpus"},
      {"no kernel", {"run"}, "KERNEL"},
      {"two kernels", {"run", "k", "l"}, "l"},
      {"an empty name", {"inspect", ""}, "empty"},
      {"an option without its value", {"run", "k", "--append"}, "--append needs a value"},
      {"an empty time limit", {"run", "k", "--timeout", ""}, "--timeout needs a value"},
      {"an empty CID", {"run", "k", "--vsock="}, "--vsock needs a value"},
      {"two initrds", {"run", "k", "--initrd", "a", "--initrd", "b"}, "--initrd"},
      {"a limit of centuries", {"run", "k", "--timeout", "100000000000"}, "to a year"},
      {"conform without an action", {"conform"}, "ACTION"},
      {"an unknown action", {"conform", "praise"}, "praise"},
      {"judge without a capture", {"conform", "judge"}, "needs a name"},
      {"list with a name", {"conform", "list", "x"}, "no name"},
      {"an unknown matrix", {"conform", "producer", "x", "--matrix", "long"}, "short or full"},
      {"a consumer without a kernel", {"conform", "consumer"}, "one kernel"},
      {"two consumers", {"conform", "consumer", "a", "b"}, "one kernel"},
      {"a variant without a kernel", {"conform", "boot", "plain"}, "a variant and a kernel"},
      {"an engine that tells nothing", {"conform", "consumer", "k", "--engine", "auto"}, "qemu or kvm"},
      {"two forms at once", {"conform", "judge", "c", "--json", "--tap"}, "exclude"},
      {"help for what is not there", {"help", "boot"}, "no command `boot`"},
      {"a module without a file", {"run", "k", "--module", ",text"}, "--module"},
      {"a serial number that is too long",
       {"run", "k", "--disk", "d,serial=123456789012345678901"},
       "serial"},
      {"a disk with an unknown word", {"run", "k", "--disk", "d,rw"}, "only `ro` and `serial=`"},
      {"no memory", {"run", "k", "-m", "0"}, "--memory"},
      {"memory that is no number", {"run", "k", "-m", "lots"}, "lots"},
      {"memory that is not whole pages", {"run", "k", "-m", "65537B"}, "4K"},
      {"too much memory for 64 bits", {"run", "k", "-m", "99999999999999999999"}, "--memory"},
      {"no CPU", {"run", "k", "--cpus", "0"}, "--cpus"},
      {"half a CPU", {"run", "k", "--cpus", "1.5"}, "--cpus"},
      {"an address that is none", {"plan", "k", "--load-address", "high"}, "--load-address"},
      {"two placements", {"plan", "k", "--load-address", "16M", "--randomize"}, "--randomize"},
      {"a seed for nothing", {"plan", "k", "--seed", "1"}, "--seed"},
      {"a seed that is none", {"plan", "k", "--randomize", "--seed", "x"}, "--seed"},
      {"a range without a size", {"plan", "k", "--memmap", "ram@16M"}, "--memmap"},
      {"a range of no bytes", {"plan", "k", "--memmap", "ram@16M+0"}, "--memmap"},
      {"a range that wraps", {"plan", "k", "--memmap", "ram@0xffffffffffffffff+2"}, "--memmap"},
      {"a range of an unknown type", {"plan", "k", "--memmap", "rom@16M+1M"}, "--memmap"},
      {"a version to come", {"plan", "k", "--start-info-version", "2"}, "--start-info-version"},
      {"an unknown engine", {"run", "k", "--engine", "steam"}, "steam"},
      {"no time", {"run", "k", "--timeout", "0"}, "--timeout"},
      {"a negative time", {"run", "k", "--timeout=-1"}, "--timeout"},
      {"a time that is none", {"run", "k", "--timeout", "nan"}, "--timeout"},
      {"an endless time", {"run", "k", "--timeout", "inf"}, "--timeout"},
      {"no action", {"cache"}, "ACTION"},
      {"another action", {"cache", "empty"}, "list or clear"},
      {"no limit to unpack to", {"inspect", "k", "--max-unpacked", "0"}, "--max-unpacked"},
  };
  for (const WrongUse& use : uses) {
    const std::string text = usage_error(use.arguments);
    EXPECT_NE(text.find(use.named), std::string::npos) << use.what << ": " << text;
    EXPECT_TRUE(text.ends_with('\n')) << use.what;
  }
}

TEST(ParseModule, SplitsAtTheFirstSingleComma) {
  EXPECT_EQ(parse_module("f"), (ModuleOption{"f", std::nullopt}));
  EXPECT_EQ(parse_module("f,"), (ModuleOption{"f", ""}));
  EXPECT_EQ(parse_module("f,a,b"), (ModuleOption{"f", "a,b"}));
  EXPECT_EQ(parse_module("a,,b,c,,d"), (ModuleOption{"a,b", "c,,d"}));
  EXPECT_EQ(parse_module("a,,,b"), (ModuleOption{"a,", "b"}));
}

TEST(ParseMemoryRange, KnowsTheTypesByNameAndNumber) {
  std::uint32_t number = 1;
  for (const std::string_view name : memory_type_names()) {
    const auto range = parse_memory_range(std::string(name) + "@1M+64K");
    ASSERT_TRUE(range) << name;
    EXPECT_EQ(range->type, number++);
  }
  EXPECT_EQ(parse_memory_range("0xdead@1M+64K")->type, 0xdeadU);
}

class EveryCommand : public testing::TestWithParam<const char*> {};

/// Whether `name` stands in `text` as a word of its own.
bool mentions(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const char next = at + name.size() < text.size() ? text[at + name.size()] : ' ';
    if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '-') return true;
  }
  return false;
}

TEST_P(EveryCommand, HasEachOfItsOptionsInItsHelp) {
  const auto names = option_names(GetParam());
  ASSERT_FALSE(names.empty());
  for (const std::string& name : names) EXPECT_TRUE(mentions(help_for(GetParam()), name)) << name;
}

TEST_P(EveryCommand, HasEachOfItsOptionsInTheManual) {
  std::ifstream file(PVH_MANUAL);
  std::stringstream manual;
  manual << file.rdbuf();
  ASSERT_FALSE(manual.str().empty());
  for (const std::string& name : option_names(GetParam())) {
    // mdoc writes the first dash itself.
    EXPECT_TRUE(mentions(manual.str(), name.substr(1))) << name;
  }
}

TEST_P(EveryCommand, HasAHelpThatFitsAScreen) {
  std::size_t lines = 0;
  std::istringstream help{help_for(GetParam())};
  for (std::string line; std::getline(help, line); ++lines) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_LE(lines, 36U);
}

INSTANTIATE_TEST_SUITE_P(Commands, EveryCommand,
                         testing::Values("run", "plan", "inspect", "extract", "cache", "conform"));

TEST(ParseNet, TakesATapAndAnAddress) {
  EXPECT_EQ(parse_net("tap=tap0"), (NetOption{.tap = "tap0"}));
  EXPECT_EQ(parse_net("tap=tap0,mac=02:00:5e:10:00:01"),
            (NetOption{.tap = "tap0", .mac = backend::Mac{2, 0, 0x5e, 0x10, 0, 1}}));
}

TEST(ParseNet, TakesAUserModeNetworkWithPortsOfTheHost) {
  EXPECT_EQ(parse_net("user"), NetOption{});
  const auto net = parse_net("user,hostfwd=8080-80,mac=02:00:5e:10:00:01,hostfwd=udp:8080-53");
  ASSERT_TRUE(net) << net.error();
  EXPECT_EQ(net->mac, (backend::Mac{2, 0, 0x5e, 0x10, 0, 1}));
  EXPECT_EQ(net->forwards, (std::vector<backend::Forward>{
                               {.port = 8080, .guest_port = 80},
                               {.protocol = backend::Protocol::kUdp, .port = 8080, .guest_port = 53}}));
}

TEST(ParseNet, RefusesPortsOfATapAndOnePortForTwoPlaces) {
  for (const char* text : {"tap=t,hostfwd=8080-80", "user,hostfwd=8080-80,hostfwd=8080-81",
                           "user,hostfwd=", "user,restrict=on", "user=x", "users"})
    EXPECT_FALSE(parse_net(text)) << text;
}

TEST(ParseNet, RefusesWhatNoCardCanBe) {
  for (const char* text : {"", "tap", "tap=", "tap0", "tap=abcdefghijklmnop",
                           "tap=t,mac=", "tap=t,mac=01:00:5e:10:00:01", "tap=t,mtu=9000", "bridge=b"})
    EXPECT_FALSE(parse_net(text)) << text;
}

}  // namespace
}  // namespace pvh::cli
