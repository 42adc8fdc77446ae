#include "pvh/system/stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "pvh/system/byte_queue.hpp"

namespace pvh::system {
namespace {

struct TwoEnds {
  UniqueFd read_end;
  UniqueFd write_end;
};

TwoEnds make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  return {.read_end = UniqueFd(ends[0]), .write_end = UniqueFd(ends[1])};
}

TEST(Stream, WritesAsMuchAsAPipeTakesAndNeverWaits) {
  const auto pipe = make_pipe();
  Stream stream(pipe.write_end.get(), Direction::kOutput);
  const std::vector<std::byte> much(1 << 20);
  EXPECT_GT(stream.write(much), 0U);
  EXPECT_EQ(stream.write(much), 0U);
  EXPECT_FALSE(stream.ended());
}

TEST(Stream, LeavesTheDescriptorBlockingForThoseWhoShareIt) {
  const auto pipe = make_pipe();
  const Stream stream(pipe.write_end.get(), Direction::kOutput);
  EXPECT_EQ(::fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Stream, ReadsNothingFromAnEmptyPipeAndEndsWithIt) {
  auto pipe = make_pipe();
  Stream stream(pipe.read_end.get(), Direction::kInput);
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(stream.read(buffer), 0U);
  EXPECT_FALSE(stream.ended());
  pipe.write_end.reset();
  EXPECT_EQ(stream.read(buffer), 0U);
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(stream.descriptor(), -1);
}

TEST(Stream, EndsWhenNobodyReadsTheOutput) {
  ::signal(SIGPIPE, SIG_IGN);
  auto pipe = make_pipe();
  Stream stream(pipe.write_end.get(), Direction::kOutput);
  pipe.read_end.reset();
  EXPECT_EQ(stream.write(as_bytes("x")), 0U);
  EXPECT_TRUE(stream.ended());
  ::signal(SIGPIPE, SIG_DFL);
}

TEST(Stream, WorksOnSockets) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  Stream in(ours.get(), Direction::kInput);
  Stream out(ours.get(), Direction::kOutput);
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(in.read(buffer), 0U);
  EXPECT_FALSE(in.ended());
  EXPECT_EQ(out.write(as_bytes("hello")), 5U);
  theirs.reset();
  EXPECT_EQ(out.write(as_bytes("hello")), 0U);
  EXPECT_TRUE(out.ended());
}

TEST(Stream, ReadsARegularFileFromWhereItsPositionIs) {
  std::string name = ::testing::TempDir() + "pvh-stream-XXXXXX";
  const UniqueFd file(::mkstemp(name.data()));
  ::unlink(name.c_str());
  ASSERT_EQ(::write(file.get(), "abc", 3), 3);
  ASSERT_EQ(::lseek(file.get(), 1, SEEK_SET), 1);
  Stream stream(file.get(), Direction::kInput);
  std::array<std::byte, 8> buffer{};
  EXPECT_EQ(stream.read(buffer), 2U);
  EXPECT_EQ(stream.read(buffer), 0U);
  EXPECT_TRUE(stream.ended());
}

TEST(Stream, TellsAFullDiskFromAReaderWhoHasGone) {
  const UniqueFd full(::open("/dev/full", O_WRONLY));
  Stream stream(full.get(), Direction::kOutput);
  EXPECT_EQ(stream.write(as_bytes("x")), 0U);
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(stream.reason(), ENOSPC);
}

TEST(Stream, GainsNoRightsByOpeningAFileAgain) {
  const UniqueFd null(::open("/dev/null", O_RDONLY));
  EXPECT_TRUE(Stream(null.get(), Direction::kOutput).ended());
  EXPECT_FALSE(Stream(null.get(), Direction::kInput).ended());
}

TEST(Stream, OfAClosedDescriptorHasEnded) {
  EXPECT_TRUE(Stream(-1, Direction::kInput).ended());
}

TEST(ByteQueue, GivesBackWhatItTookInOrderAndNeverMoreThanItHolds) {
  ByteQueue queue(4);
  EXPECT_EQ(queue.append(as_bytes("abcdef")), 4U);
  queue.consume(3);
  EXPECT_EQ(queue.append(as_bytes("xyz!")), 3U);
  EXPECT_EQ(as_text(queue.pending()), "dxyz");
  queue.consume(100);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.room(), 4U);
}

}  // namespace
}  // namespace pvh::system
