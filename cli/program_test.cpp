// The built program, as a person meets it: exit codes, standard output, standard error, and files of every
// kind.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "pvh/image_testing/elf_builder.hpp"
#include "pvh/image_testing/packers.hpp"

namespace pvh::cli {
namespace {

namespace fs = std::filesystem;
using image_testing::ElfBuilder;
using Json = nlohmann::json;

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Program : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pvh-program-test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    // Whoever runs the tests keeps the cache that he has.
    ::setenv("XDG_CACHE_HOME", path("caches").c_str(), 1);
    ::unsetenv("PVH_CACHE_SIZE");
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }

  std::string write(std::string_view name, Bytes bytes) const {
    std::ofstream(path(name), std::ios::binary) << as_text(bytes);
    return path(name);
  }
  std::string write(std::string_view name, std::string_view text) const {
    return write(name, as_bytes(text));
  }

  /// A kernel of a page at 1 MiB that can be booted.
  [[nodiscard]] std::string kernel() const { return write("kernel", ElfBuilder::bootable().build()); }

  /// The program with `arguments`, killed where it takes longer than a person would wait.
  [[nodiscard]] Ran run(const std::vector<std::string>& arguments, uid_t user = 0) const {
    std::vector<std::string> texts{PVH_PROGRAM};
    if (user != 0) texts = {"setpriv", "--reuid", std::to_string(user), "--clear-groups", PVH_PROGRAM};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, path("out").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, path("err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    pid_t pid = 0;
    const int spawned = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (spawned != 0) return {-1, "", std::strerror(spawned)};
    return {wait_for(pid), contents(path("out")), contents(path("err"))};
  }

 private:
  static int wait_for(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    int status = 0;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) ::kill(pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  fs::path folder_;
};

TEST_F(Program, SaysUsageErrorsOnStandardErrorAndExitsWith2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"boot"},
                                                    {"run"},
                                                    {"run", "k", "--fast"},
                                                    {"inspect"},
                                                    {"plan", "k", "-m", "x"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(ran.err.empty());
  }
}

TEST_F(Program, SaysHelpOnStandardOutput) {
  for (const char* command : {"run", "plan", "inspect", "extract", "cache"}) {
    const Ran ran = run({command, "--help"});
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_TRUE(ran.out.starts_with(std::string("pvh ") + command)) << ran.out;
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_TRUE(run({"--version"}).out.starts_with("pvh 0."));
}

struct BadFile {
  const char* name;
  const char* said;  ///< in the message
};

TEST_F(Program, RefusesEveryFileThatCannotBeAKernelAndSaysWhy) {
  write("empty", "");
  write("text", "this is not a kernel, only some text that is long enough to be one\n");
  fs::create_directory(path("directory"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const std::string device = "/dev/zero";
  for (const BadFile& bad :
       {BadFile{"missing", "no such file"}, BadFile{"empty", "empty"}, BadFile{"directory", "directory"},
        BadFile{"fifo", "a FIFO"}, BadFile{"empty/below", "no such file"}, BadFile{"text", "text"}}) {
    for (const char* command : {"inspect", "plan", "run", "extract"}) {
      const Ran ran = run({command, path(bad.name)});
      EXPECT_EQ(ran.exit_code, 1) << command << " " << bad.name;
      EXPECT_TRUE(ran.err.starts_with("pvh: " + path(bad.name) + ": ")) << ran.err;
      EXPECT_NE(ran.err.find(bad.said), std::string::npos) << ran.err;
      EXPECT_EQ(ran.out, "");
    }
  }
  EXPECT_NE(run({"inspect", device}).err.find("a character device"), std::string::npos);
}

TEST_F(Program, SaysThatAFileMayNotBeRead) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become a user who may not";
  const std::string file = kernel();
  fs::permissions(file, fs::perms::none);
  fs::permissions(fs::path(file).parent_path(), fs::perms::all);
  const Ran ran = run({"inspect", file}, 65534);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("no permission"), std::string::npos) << ran.err;
}

TEST_F(Program, NamesTheModuleThatIsMissing) {
  const Ran ran = run({"plan", kernel(), "--initrd", kernel(), "--module", path("none") + ",text"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("module 1"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(path("none") + ":"), std::string::npos) << ran.err;
}

TEST_F(Program, RefusesADiskThatIsNone) {
  const Ran ran = run({"run", kernel(), "--disk", path("none")});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("disk 0"), std::string::npos) << ran.err;
}

TEST_F(Program, WritesErrorsAsJsonToo) {
  const Ran ran = run({"inspect", "--json", path("none")});
  EXPECT_EQ(ran.exit_code, 1);
  const Json error = Json::parse(ran.out).at("error");
  EXPECT_NE(ran.err.find(error.at("sentence").get<std::string>()), std::string::npos);
  EXPECT_EQ(error.at("file"), path("none"));
  EXPECT_EQ(error.at("fault"), "file-missing");
}

TEST_F(Program, InspectsWithTheKeysThatItsManualNames) {
  const Ran ran = run({"inspect", "--json", kernel()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json.at("format"), "elf");
  EXPECT_EQ(json.at("compression"), "none");
  EXPECT_EQ(json.at("class"), "ELF64");
  EXPECT_EQ(json.at("machine"), "x86-64");
  EXPECT_EQ(json.at("entry"), 0x100000);
  EXPECT_TRUE(json.at("reloc").is_null());
  EXPECT_EQ(json.at("segments").at(0).at("paddr"), 0x100000);
  for (const char* key : {"file_size", "memory_size", "flags"}) {
    EXPECT_TRUE(json.at("segments").at(0).at(key).is_number_integer()) << key;
  }
  const Json& note = json.at("notes").at(0);
  EXPECT_EQ(note.at("owner"), "Xen");
  EXPECT_EQ(note.at("type"), 18);
  EXPECT_EQ(note.at("value"), 0x100000);
  EXPECT_EQ(note.at("name"), "PHYS32_ENTRY");
}

TEST_F(Program, InspectsASoundFileThatCannotBeBootedAndSaysSo) {
  const std::string file = write("elf", ElfBuilder().load(kMiB, image_testing::filled(64)).build());
  const Ran ran = run({"inspect", file});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("no, not by PVH"), std::string::npos) << ran.out;
  const Json json = Json::parse(run({"inspect", "--json", file}).out);
  EXPECT_FALSE(json.at("bootable").get<bool>());
  EXPECT_TRUE(json.at("entry").is_null());
  EXPECT_TRUE(json.at("why").is_string());
  EXPECT_EQ(run({"plan", file}).exit_code, 1);
}

TEST_F(Program, ShowsABrokenNoteAndStillCallsItAnError) {
  const std::string file =
      write("elf", ElfBuilder()
                       .load(kMiB, image_testing::filled(64))
                       .notes({{.owner = "Xen", .type = 18, .desc = image_testing::filled(6)}})
                       .build());
  const Ran ran = run({"inspect", file});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("f4f4f4f4f4f4"), std::string::npos) << ran.out;
  EXPECT_NE(ran.err.find("NOTE-2"), std::string::npos) << ran.err;
}

TEST_F(Program, PlansWithTheKeysThatItsManualNames) {
  const Ran ran = run({"plan", "--json", kernel(), "--initrd", write("i", "initrd"), "--append", "a b"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json.at("entry"), 0x100000);
  EXPECT_EQ(json.at("version"), 1);
  EXPECT_EQ(json.at("command_line"), "a b");
  EXPECT_EQ(json.at("entry_state").at("ebx"), json.at("start_info"));
  for (const Json& region : json.at("regions")) {
    EXPECT_TRUE(region.at("name").is_string());
    EXPECT_TRUE(region.at("start").is_number_unsigned());
    EXPECT_TRUE(region.at("size").is_number_unsigned());
  }
  for (const Json& entry : json.at("memory_map")) {
    EXPECT_TRUE(entry.at("type").is_number_unsigned());
    EXPECT_TRUE(entry.at("name").is_string());
  }
  EXPECT_GT(json.at("rsdp"), 0);
  EXPECT_EQ(json.at("modules").at(0).at("size"), 6);
  EXPECT_GT(json.at("modules").at(0).at("start"), 0);
}

TEST_F(Program, PlansForPeopleInPlainTextWhereNobodyLooks) {
  const Ran ran = run({"plan", kernel()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part : {"start info", "Memory map", "Entry state", "Drawn to scale"}) {
    EXPECT_NE(ran.out.find(part), std::string::npos) << part;
  }
  for (const char c : ran.out) ASSERT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << static_cast<int>(c);
}

TEST_F(Program, RepeatsARandomPlacementByItsSeed) {
  const auto plan = [&] { return run({"plan", "--json", kernel(), "--randomize", "--seed", "5"}); };
  EXPECT_EQ(plan().out, plan().out);
}

TEST_F(Program, ExtractsTheElfByteForByte) {
  const std::string file = kernel();
  const Ran to_file = run({"extract", file, "-o", path("vmlinux")});
  EXPECT_EQ(to_file.exit_code, 0) << to_file.err;
  EXPECT_EQ(to_file.out + to_file.err, "");
  EXPECT_EQ(contents(path("vmlinux")), contents(file));
  EXPECT_EQ(run({"extract", file}).out, contents(file));
}

TEST_F(Program, LeavesNoHalfFileWhereItCannotWrite) {
  const Ran ran = run({"extract", kernel(), "-o", path("none/vmlinux")});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("could not be written"), std::string::npos) << ran.err;
  EXPECT_EQ(run({"extract", kernel(), "-o", "/dev/full"}).exit_code, 1);
}

TEST_F(Program, SaysThatStandardOutputIsFull) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  ::close(full);
  const std::string command =
      std::string(PVH_PROGRAM) + " inspect " + kernel() + " >/dev/full 2>" + path("err");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_NE(contents(path("err")).find("could not be written"), std::string::npos);
}

TEST_F(Program, TakesNoFileOfItsOwnForAStandardOutputThatIsClosed) {
  // With descriptor 1 free, the guest's memory would become standard output.
  const std::string command =
      std::string(PVH_PROGRAM) + " run " + kernel() + " --timeout 5 >&- 2>" + path("err") + " </dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_NE(contents(path("err")).find("could not be written"), std::string::npos) << contents(path("err"));
}

class Cached : public Program {
 protected:
  /// A compressed kernel that was not changed for longer than two seconds.
  [[nodiscard]] std::string old_packed_kernel() const {
    const std::string elf = contents(kernel());
    const std::string packed = write("kernel.gz", image_testing::pack_gzip(as_bytes(elf)));
    std::this_thread::sleep_for(std::chrono::milliseconds(2100));
    return packed;
  }
  [[nodiscard]] Json list() const { return Json::parse(run({"cache", "list", "--json"}).out); }
  [[nodiscard]] fs::path kept() const { return path("caches/pvh/kept"); }
  [[nodiscard]] fs::path kept_elf() const {
    for (const auto& each : fs::directory_iterator(kept())) {
      if (each.path().filename().string().starts_with("elf-")) return each.path();
    }
    return {};
  }
};

TEST_F(Cached, KernelsAreKeptListedAndCleared) {
  const std::string packed = old_packed_kernel();
  EXPECT_EQ(list()["directory"], "");
  const Ran fresh = run({"plan", "--no-cache", packed});
  EXPECT_EQ(fresh.exit_code, 0) << fresh.err;
  EXPECT_FALSE(fs::exists(kept()));

  const Ran first = run({"plan", packed});
  EXPECT_EQ(first.out, fresh.out);
  const Json listed = list();
  ASSERT_EQ(listed["kernels"].size(), 1U);
  EXPECT_EQ(listed["kernels"][0]["source"], packed);
  EXPECT_EQ(listed["directory"], kept().string());
  EXPECT_EQ(listed["total"], fs::file_size(kernel()));
  EXPECT_EQ(contents(kept_elf()), contents(kernel()));
  EXPECT_NE(run({"cache", "list"}).out.find("kernel.gz"), std::string::npos);

  const Ran second = run({"plan", packed});
  EXPECT_EQ(second.out, fresh.out);
  EXPECT_EQ(second.err, "");

  EXPECT_EQ(run({"cache", "clear"}).exit_code, 0);
  EXPECT_EQ(list()["total"], 0);
  EXPECT_TRUE(fs::is_empty(kept()));
}

TEST_F(Cached, ADamagedFileIsMadeAnew) {
  const std::string packed = old_packed_kernel();
  const Ran first = run({"plan", packed});
  fs::resize_file(kept_elf(), 100);
  const Ran second = run({"plan", packed});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(contents(kept_elf()), contents(kernel()));
}

TEST_F(Cached, WhatCannotBeKeptIsNoError) {
  const std::string packed = old_packed_kernel();
  const Ran fresh = run({"plan", "--no-cache", packed});

  ::setenv("PVH_CACHE_SIZE", "0", 1);
  EXPECT_EQ(run({"plan", packed}).out, fresh.out);
  EXPECT_TRUE(list()["kernels"].empty());
  ::setenv("PVH_CACHE_SIZE", "much", 1);
  const Ran warned = run({"plan", packed});
  EXPECT_EQ(warned.out, fresh.out);
  EXPECT_NE(warned.err.find("PVH_CACHE_SIZE"), std::string::npos);
  ::unsetenv("PVH_CACHE_SIZE");

  fs::permissions(kept(), fs::perms::owner_all | fs::perms::group_read);
  const Ran open_to_others = run({"plan", packed});
  EXPECT_EQ(open_to_others.out, fresh.out);
  EXPECT_EQ(open_to_others.err, "");
  const Ran refused = run({"cache", "list"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("open to others"), std::string::npos);

  ::setenv("XDG_CACHE_HOME", packed.c_str(), 1);  // a file
  EXPECT_EQ(run({"plan", packed}).out, fresh.out);
  ::setenv("XDG_CACHE_HOME", "", 1);
  const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  ::unsetenv("HOME");
  const Ran homeless = run({"plan", packed});
  ::setenv("HOME", home.c_str(), 1);
  EXPECT_EQ(homeless.out, fresh.out);
  EXPECT_EQ(homeless.err, "");
}

}  // namespace
}  // namespace pvh::cli
