// The tables under ACPI's reference compiler: it takes each apart, and makes the same bytes of what it wrote.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "table_reader.hpp"

namespace pvh::board {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderSize = 36;

/// A directory of its own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "pvh-iasl-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

struct Ran {
  int status;
  std::string said;
};

Ran run_iasl(const fs::path& directory, const std::string& arguments) {
  const std::string command = "cd '" + directory.string() + "' && iasl " + arguments + " >said 2>&1";
  const int status = std::system(command.c_str());  // NOLINT(bugprone-command-processor): a test's own words
  return {status, contents(directory / "said")};
}

bool has_iasl() {
  const Scratch scratch;
  return run_iasl(scratch.path(), "-v").status == 0;
}

bool complains(const std::string& text) {
  return text.find("rror:") != std::string::npos || text.find("arning") != std::string::npos ||
         text.find("ERROR") != std::string::npos || text.find("nvalid") != std::string::npos;
}

void check(Bytes table, const std::string& name) {
  SCOPED_TRACE(name);
  ASSERT_FALSE(table.empty());
  const Scratch scratch;
  ASSERT_FALSE(scratch.path().empty());
  std::ofstream(scratch.path() / "table.dat", std::ios::binary) << as_text(table);

  const Ran apart = run_iasl(scratch.path(), "-d table.dat");
  EXPECT_EQ(apart.status, 0);
  EXPECT_FALSE(complains(apart.said)) << apart.said;

  const Ran together = run_iasl(scratch.path(), "-oa table.dsl");
  EXPECT_EQ(together.status, 0);
  EXPECT_NE(together.said.find("0 Errors, 0 Warnings, 0 Remarks"), std::string::npos) << together.said;

  // The header names who compiled it, so it differs; what it heads must not.
  const std::string again = contents(scratch.path() / "table.aml");
  ASSERT_GE(again.size(), kHeaderSize);
  EXPECT_EQ(again.substr(kHeaderSize), as_text(table).substr(kHeaderSize));
}

class Iasl : public ::testing::TestWithParam<Board> {};

TEST_P(Iasl, TakesEveryTableApartAndMakesItAgainWithoutARemark) {
  if (!has_iasl()) GTEST_SKIP() << "iasl is missing (package acpica-tools)";
  const auto tables = acpi_tables(GetParam());
  ASSERT_TRUE(tables);
  check(xsdt_of(*tables), "XSDT");
  for (const auto* signature : {"FACP", "APIC", "DSDT"}) check(find_table(*tables, signature), signature);
  if (GetParam().interval_timer) check(find_table(*tables, "FACS"), "FACS");
}

INSTANTIATE_TEST_SUITE_P(Boards, Iasl,
                         ::testing::Values(Board{}, Board{.cpus = 2, .virtio_devices = 1},
                                           Board{.cpus = 300, .virtio_devices = kMaxVirtioDevices},
                                           Board{.interval_timer = false},
                                           Board{.cpus = 300, .virtio_devices = 2, .interval_timer = false}),
                         [](const auto& board) { return "Board" + std::to_string(board.index); });

TEST(IaslItself, WouldComplainOfABrokenTable) {
  if (!has_iasl()) GTEST_SKIP() << "iasl is missing (package acpica-tools)";
  const auto tables = acpi_tables(Board{});
  ASSERT_TRUE(tables);
  std::string broken(as_text(find_table(*tables, "DSDT")));
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x15);
  const Scratch scratch;
  std::ofstream(scratch.path() / "table.dat", std::ios::binary) << broken;
  const Ran apart = run_iasl(scratch.path(), "-d table.dat");
  EXPECT_TRUE(apart.status != 0 || complains(apart.said)) << apart.said;
}

}  // namespace
}  // namespace pvh::board
