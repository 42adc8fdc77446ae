#include "pvh/virtio/stream_port.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "pvh/base/bytes.hpp"

namespace pvh::virtio {
namespace {

class Streams : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    near_ = ends[0];
    other_ = UniqueFd(ends[1]);
    port_ = std::make_unique<StreamPort>(UniqueFd(ends[0]));
  }
  void comes(const std::string& bytes) {
    ASSERT_EQ(::write(other_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  static std::string behind_length(const std::string& frame) {
    const std::uint32_t length = htonl(static_cast<std::uint32_t>(frame.size()));
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + frame;
  }
  NetPort::Got receive() {
    // In three pieces, of which the header fills neither the first nor the second.
    std::string room(kLargestFrame, '?');
    const std::array<iovec, 3> pieces = {iovec{room.data(), 5}, iovec{room.data() + 5, 20},
                                         iovec{room.data() + 25, room.size() - 25}};
    const auto [got, size] = port_->receive(pieces);
    frame_ = got == NetPort::Got::kFrame ? room.substr(0, size) : "";
    return got;
  }
  bool send(std::string& frame) {
    Buffers buffers;
    const auto bytes = std::as_writable_bytes(std::span(frame));
    buffers.append(bytes.first(7));  // in the middle of the header
    buffers.append(bytes.subspan(7));
    return port_->send(buffers);
  }
  std::string arrived(std::size_t most = 1 << 20) {
    std::string all;
    std::vector<char> part(most);
    for (ssize_t count = 0;
         all.size() < most && (count = ::read(other_.get(), part.data(), most - all.size())) > 0;)
      all.append(part.data(), static_cast<std::size_t>(count));
    return all;
  }

  int near_ = -1;
  UniqueFd other_;
  std::unique_ptr<StreamPort> port_;
  std::string frame_;
};

const std::string kHeader(kNetHeaderSize, '\0');

TEST_F(Streams, CarryFramesBehindTheirLengths) {
  std::string frame = kHeader + "to the other end";
  ASSERT_TRUE(send(frame));
  EXPECT_EQ(arrived(), behind_length("to the other end"));
  comes(behind_length("to the guest") + behind_length(std::string(65000, 'x')));
  ASSERT_EQ(receive(), NetPort::Got::kFrame);
  EXPECT_EQ(frame_, kHeader + "to the guest");
  ASSERT_EQ(receive(), NetPort::Got::kFrame);
  EXPECT_EQ(frame_, kHeader + std::string(65000, 'x'));
  EXPECT_EQ(receive(), NetPort::Got::kNothing);
}

TEST_F(Streams, VouchForChecksumsWhereTheDriverBelievesThem) {
  port_->accept(kNetGuestChecksum);
  comes(behind_length("frame"));
  ASSERT_EQ(receive(), NetPort::Got::kFrame);
  EXPECT_EQ(frame_[0], 2);
  EXPECT_EQ(frame_.substr(1), kHeader.substr(1) + "frame");
}

TEST_F(Streams, WaitForTheRestOfAFrame) {
  const std::string whole = behind_length("in pieces");
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    comes(whole.substr(i, 1));
    EXPECT_EQ(receive(), NetPort::Got::kNothing) << i;
  }
  comes(whole.substr(whole.size() - 1));
  ASSERT_EQ(receive(), NetPort::Got::kFrame);
  EXPECT_EQ(frame_, kHeader + "in pieces");
}

TEST_F(Streams, AreGoneWithTheirOtherEndAndAfterALengthThatNoFrameHas) {
  comes(std::string("\x00\x02\x00\x00", 4));
  EXPECT_EQ(receive(), NetPort::Got::kGone);
  SetUp();
  other_.reset();
  EXPECT_EQ(receive(), NetPort::Got::kGone);
  EXPECT_EQ(port_->reason(), "its other end is gone");
}

TEST_F(Streams, LoseNoByteWhereTheOtherEndIsSlow) {
  std::string frame = kHeader + std::string(60000, 'a');
  unsigned taken = 0;
  while (taken < 1000 && send(frame)) ++taken;
  ASSERT_LT(taken, 1000U);
  std::string all = arrived();
  while (!send(frame)) all += arrived();
  all += arrived();
  std::string expected;
  for (unsigned i = 0; i <= taken; ++i) expected += behind_length(frame.substr(kHeader.size()));
  EXPECT_EQ(all, expected);
}

TEST_F(Streams, CompleteAFrameThatTheSocketCutBeforeTheNextOne) {
  // The socket is as large as the kernel makes it. Each frame has a size and contents of its own, so that no
  // byte of one could pass for another's.
  std::string expected;
  std::string all;
  unsigned cut = 0;
  for (unsigned i = 0; i < 200; ++i) {
    const std::string contents(40'000 + 113 * i, static_cast<char>(i));
    std::string frame = kHeader + contents;
    bool refused = false;
    while (!send(frame)) {
      int waiting = 0;
      ASSERT_EQ(::ioctl(other_.get(), FIONREAD, &waiting), 0);
      if (!std::exchange(refused, true) && all.size() + static_cast<std::size_t>(waiting) != expected.size())
        ++cut;
      // Not all of it: what is left of the frame shall meet a socket that is nearly full, too.
      all += arrived(10'000);
    }
    expected += behind_length(contents);
  }
  all += arrived();
  EXPECT_TRUE(all == expected) << all.size() << " bytes of " << expected.size();
  EXPECT_GT(cut, 0U) << "the kernel cut none, and nothing was tested";
}

TEST_F(Streams, StayInStepWhenADriverTakesAFrameBackThatIsPartlySent) {
  // So small that the kernel takes a frame in parts.
  const int size = 4096;
  ASSERT_EQ(::setsockopt(near_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  std::string large = kHeader + std::string(60000, 'a');
  ASSERT_FALSE(send(large));
  std::string all = arrived(1000);
  ASSERT_EQ(all.size(), 1000U);
  port_->accept(0);
  std::string next = kHeader + "the next";
  for (int i = 0; i < 1000 && !send(next); ++i) all += arrived();
  all += arrived();
  ASSERT_EQ(all.size(), 4 + 60000 + 4 + 8U);
  EXPECT_EQ(all.substr(0, 4), behind_length(std::string(60000, ' ')).substr(0, 4));
  EXPECT_EQ(all.substr(4 + 60000), behind_length("the next"));
}

}  // namespace
}  // namespace pvh::virtio
