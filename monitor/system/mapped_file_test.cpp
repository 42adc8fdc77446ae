#include "pvh/system/mapped_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "pvh/system/write_file.hpp"

namespace pvh::system {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "pvh-files-test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }

  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  fs::path folder_;
};

TEST_F(Files, AreMappedWhole) {
  auto file = MappedFile::open(write("f", "twelve bytes"), "the kernel");
  ASSERT_TRUE(file);
  EXPECT_EQ(as_text(file->bytes()), "twelve bytes");
  const MappedFile moved = std::move(*file);
  EXPECT_EQ(as_text(moved.bytes()), "twelve bytes");
}

TEST_F(Files, TellWhatTheyWereToBe) {
  const auto error = MappedFile::open(path("none"), "module 3").error();
  EXPECT_EQ(error.what, Fault::kFileMissing);
  EXPECT_EQ(error.subject, "module 3");
}

using FilesDeathTest = Files;

TEST_F(FilesDeathTest, ThatShrinkWhileTheyAreReadEndTheProgramWithASentence) {
  const std::string name = write("f", std::string(8192, 'x'));
  EXPECT_EXIT(
      {
        const auto file = MappedFile::open(name, "the kernel");
        fs::resize_file(name, 0);
        const volatile std::byte* byte = file->bytes().data();
        std::exit(std::to_integer<int>(byte[4096]));
      },
      testing::ExitedWithCode(1), "became shorter");
}

TEST_F(FilesDeathTest, OfWhichManyAreMappedAreEachFoundByTheirName) {
  const std::string name = write("the one of many", std::string(8192, 'x'));
  EXPECT_EXIT(
      {
        std::vector<MappedFile> others;
        for (int i = 0; i < 200; ++i) others.push_back(*MappedFile::open(name, "module"));
        const std::string last = write("the last", std::string(8192, 'x'));
        const auto file = MappedFile::open(last, "module");
        fs::resize_file(last, 0);
        const volatile std::byte* byte = file->bytes().data();
        std::exit(std::to_integer<int>(byte[4096]));
      },
      testing::ExitedWithCode(1), "the last: the file became shorter");
}

TEST_F(FilesDeathTest, AreNotBlamedForASignalThatIsSent) {
  const std::string name = write("f", "text");
  EXPECT_EXIT(
      {
        const auto file = MappedFile::open(name, "the kernel");
        ::kill(::getpid(), SIGBUS);
        ::pause();
      },
      testing::KilledBySignal(SIGBUS), "^$");
}

TEST_F(Files, AreReplacedInOnePieceAndReadableByAll) {
  const std::string name = write("f", "old");
  ASSERT_TRUE(write_file(name, as_bytes("new")));
  EXPECT_EQ(as_text(MappedFile::open(name, "it")->bytes()), "new");
  EXPECT_NE(fs::status(name).permissions() & fs::perms::group_read, fs::perms::none);
  EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(name).parent_path()), fs::directory_iterator()), 1);
}

TEST_F(Files, AreWrittenThroughASymbolicLinkWhichStays) {
  write("f", "old");
  fs::create_symlink("f", path("link"));
  ASSERT_TRUE(write_file(path("link"), as_bytes("new")));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(as_text(MappedFile::open(path("f"), "it")->bytes()), "new");
}

TEST_F(Files, WaitForAReaderWhereSomebodyMadeThePipeNonBlocking) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_NONBLOCK), 0);
  const std::string much(1 << 20, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 65536> buffer{};
    ::fcntl(ends[0], F_SETFL, 0);
    for (ssize_t count; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
      got += static_cast<std::size_t>(count);
  });
  EXPECT_TRUE(write_all(ends[1], as_bytes(much)));
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  EXPECT_EQ(got, much.size());
}

TEST_F(Files, ThatCannotBeReplacedLeaveNothingBehind) {
  EXPECT_EQ(write_file(path("none/f"), as_bytes("new")).error().what, Fault::kOutputFailed);
  EXPECT_EQ(write_file("/dev/full", as_bytes("new")).error().what, Fault::kOutputFailed);
}

}  // namespace
}  // namespace pvh::system
