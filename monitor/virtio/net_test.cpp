#include "pvh/virtio/net.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "testing/driver.hpp"

namespace pvh::virtio {
namespace {

using namespace testing;

/// A cable that is a pair of sockets: one frame, with its header, a datagram.
class SocketPort final : public NetPort {
 public:
  explicit SocketPort(UniqueFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] std::uint64_t features() const override { return kNetChecksum | kNetGuestChecksum; }
  void accept(std::uint64_t features) override { accepted = features; }
  [[nodiscard]] int descriptor() const override { return socket_.get(); }
  [[nodiscard]] Received receive(std::span<const iovec> into) override {
    const ssize_t size = ::readv(socket_.get(), into.data(), static_cast<int>(into.size()));
    if (size > 0) return {Got::kFrame, static_cast<std::size_t>(size)};
    return {size == 0 ? Got::kGone : Got::kNothing};
  }
  [[nodiscard]] bool send(const Buffers& frame) override {
    if (full) return false;
    std::string bytes(frame.size(), ' ');
    frame.read(std::as_writable_bytes(std::span(bytes)));
    sent.push_back(bytes);
    return true;
  }
  [[nodiscard]] std::string reason() override { return "unplugged"; }

  std::uint64_t accepted = 0;
  bool full = false;
  std::vector<std::string> sent;

 private:
  UniqueFd socket_;
};

constexpr backend::Mac kMac = {0x02, 1, 2, 3, 4, 5};
constexpr std::uint64_t kBuffer = 0x20000;
constexpr unsigned kTo = 0;
constexpr unsigned kFrom = 1;

class NetCards : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    other_ = UniqueFd(ends[1]);
    // Room for a frame of 64 KiB, or the test would fail for want of it.
    const int size = 1 << 20;
    ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    auto port = std::make_unique<SocketPort>(UniqueFd(ends[0]));
    port_ = port.get();
    device_ = std::make_unique<Net>(
        std::move(port), Net::Options{.name = "network 0", .mac = kMac, .report = [this](const Error& error) {
                                        reports_.push_back(error);
                                      }});
    registers_ = std::make_unique<Registers>(*device_, ram_.memory());
    start(kFeatureVersion1 | kNetMergeable);
  }
  void start(std::uint64_t features) {
    registers_->write(kStatus, 0);
    for (const Ring* ring : {&input_, &output_})
      std::ranges::fill(ram_.at(ring->descriptors(), 0x3000), std::byte{0});
    registers_->write(kStatus, 3);
    for (std::uint32_t half = 0; half < 2; ++half) {
      registers_->write(kDriverFeaturesHalf, half);
      registers_->write(kDriverFeatures, static_cast<std::uint32_t>(features >> (32 * half)));
    }
    registers_->write(kStatus, 11);
    for (std::uint32_t i = 0; i < 2; ++i) {
      const Ring& ring = i == kTo ? input_ : output_;
      registers_->write(kQueueSelect, i);
      registers_->write(kQueueSize, Ring::kSize);
      registers_->write(kDescriptors, static_cast<std::uint32_t>(ring.descriptors()));
      registers_->write(kAvailable, static_cast<std::uint32_t>(ring.available()));
      registers_->write(kUsed, static_cast<std::uint32_t>(ring.used()));
      registers_->write(kQueueReady, 1);
    }
    registers_->write(kStatus, 15);
    ASSERT_EQ(registers_->read(kStatus), 15U);
    serve();
  }
  void serve() {
    for (int i = 0; i < 100 && registers_->serve(); ++i) {
    }
  }
  /// `count` buffers of `size` bytes, one after the other in memory, each a chain.
  void give_room(std::uint32_t size, std::uint16_t count, std::uint16_t first = 0) {
    for (std::uint16_t i = first; i < first + count; ++i)
      input_.add({{kBuffer + std::uint64_t{i} * size, size, testing::kWrite, 0}}, i);
    registers_->write(kNotify, kTo);
  }
  void comes(const std::string& frame) {
    ASSERT_EQ(::write(other_.get(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  }
  static std::string frame(std::size_t size, char letter = 'f') {
    return std::string(kNetHeaderSize, '\0') + std::string(size, letter);
  }
  std::string text_at(std::uint64_t address, std::size_t size) {
    return std::string(as_text(ram_.at(address, size)));
  }

  Ram ram_;
  Ring input_{ram_, 0x4000};
  Ring output_{ram_, 0x8000};
  UniqueFd other_;
  SocketPort* port_ = nullptr;
  std::unique_ptr<Net> device_;
  std::unique_ptr<Registers> registers_;
  std::vector<Error> reports_;
};

TEST_F(NetCards, TellTheirAddressAndThatTheLinkIsUp) {
  std::array<std::byte, 8> config{};
  registers_->transport().read(testing::kConfig, config);
  EXPECT_EQ(std::memcmp(config.data(), kMac.data(), kMac.size()), 0);
  EXPECT_EQ(config[6], std::byte{1});
  EXPECT_NE(device_->features() & kNetMac, 0U);
  EXPECT_EQ(device_->features() & kNetMtu, 0U);
}

TEST_F(NetCards, TellThePortWhatTheDriverAccepted) {
  start(kFeatureVersion1 | kNetGuestChecksum);
  EXPECT_EQ(port_->accepted, kFeatureVersion1 | kNetGuestChecksum);
}

TEST_F(NetCards, SendAFrameThatLiesInPieces) {
  const std::string whole = frame(60);
  std::ranges::copy(as_bytes(whole), ram_.at(kBuffer, whole.size()).begin());
  output_.add({{kBuffer, 7, 0, 0}, {kBuffer + 7, 40, 0, 0}, {kBuffer + 47, 25, 0, 0}});
  registers_->write(kNotify, kFrom);
  serve();
  ASSERT_EQ(port_->sent.size(), 1U);
  EXPECT_EQ(port_->sent[0], whole);
  EXPECT_EQ(output_.used_count(), 1);
}

TEST_F(NetCards, DropWhatIsNoFrame) {
  for (const std::uint32_t size : {1U, 12U, 25U}) output_.add({{kBuffer, size, 0, 0}});
  output_.add({{kBuffer, 70'000, 0, 0}});
  registers_->write(kNotify, kFrom);
  serve();
  EXPECT_TRUE(port_->sent.empty());
  EXPECT_EQ(output_.used_count(), 4);
}

TEST_F(NetCards, KeepAFrameThatThePortCannotTakeYet) {
  port_->full = true;
  output_.add({{kBuffer, 72, 0, 0}});
  registers_->write(kNotify, kFrom);
  serve();
  EXPECT_EQ(output_.used_count(), 0);
  port_->full = false;
  EXPECT_TRUE(registers_->serve()) << "the port is writable: that is waited for";
  EXPECT_EQ(output_.used_count(), 1);
  EXPECT_EQ(port_->sent.size(), 1U);
}

TEST_F(NetCards, SpreadAFrameOverMergeableBuffers) {
  give_room(100, 4);
  comes(frame(238, 'x'));
  serve();
  ASSERT_EQ(input_.used_count(), 3);
  EXPECT_EQ(ram_.get<std::uint16_t>(kBuffer + kNetHeaderBuffers), 3);
  EXPECT_EQ(input_.used_at(0).written, 100U);
  EXPECT_EQ(input_.used_at(1).written, 100U);
  EXPECT_EQ(input_.used_at(2).written, 50U);
  EXPECT_EQ(text_at(kBuffer + kNetHeaderSize, 238), std::string(238, 'x'));
}

TEST_F(NetCards, ReceiveStraightIntoBuffersThatHaveRoomForTheLargestFrame) {
  give_room(16'384, 6);
  for (const char letter : {'a', 'b'}) comes(frame(20'000, letter));
  comes(frame(100, 'c'));
  serve();
  ASSERT_EQ(input_.used_count(), 5);
  EXPECT_EQ(ram_.get<std::uint16_t>(kBuffer + kNetHeaderBuffers), 2);
  EXPECT_EQ(text_at(kBuffer + kNetHeaderSize, 20'000), std::string(20'000, 'a'));
  EXPECT_EQ(text_at(kBuffer + 2 * 16'384 + kNetHeaderSize, 20'000), std::string(20'000, 'b'));
  EXPECT_EQ(text_at(kBuffer + 4 * 16'384 + kNetHeaderSize, 100), std::string(100, 'c'));
  EXPECT_EQ(ram_.get<std::uint16_t>(kBuffer + 4 * 16'384 + kNetHeaderBuffers), 1);
}

TEST_F(NetCards, LetAFrameWaitForRoom) {
  comes(frame(100, 'w'));
  serve();
  EXPECT_EQ(input_.used_count(), 0);
  EXPECT_FALSE(registers_->serve()) << "it waits for the guest alone";
  give_room(64, 1);
  serve();
  EXPECT_EQ(input_.used_count(), 0);
  give_room(64, 1, 1);
  serve();
  EXPECT_EQ(input_.used_count(), 2);
  EXPECT_EQ(text_at(kBuffer + kNetHeaderSize, 100), std::string(100, 'w'));
}

TEST_F(NetCards, DropAFrameThatAllTheRoomThereIsCannotHold) {
  give_room(20, Ring::kSize);
  comes(frame(1000));
  comes(frame(30, 's'));
  serve();
  EXPECT_EQ(input_.used_count(), 3);
  EXPECT_EQ(text_at(kBuffer + kNetHeaderSize, 30), std::string(30, 's'));
}

TEST_F(NetCards, SurviveBuffersOfAByteAndOfNone) {
  for (std::uint16_t i = 0; i < Ring::kSize - 1; ++i)
    input_.add({{kBuffer + i, i % 2U, testing::kWrite, 0}}, i);
  input_.add({{kBuffer + 100, 200, testing::kWrite, 0}}, Ring::kSize - 1);
  registers_->write(kNotify, kTo);
  comes(frame(40, 'y'));
  serve();
  EXPECT_EQ(input_.used_count(), Ring::kSize);
  EXPECT_EQ(registers_->read(kStatus), 15U);
}

TEST_F(NetCards, GiveADriverWithoutMergeableBuffersAFrameInOne) {
  start(kFeatureVersion1);
  give_room(200, 3);
  comes(frame(300));
  comes(frame(100, 'o'));
  serve();
  ASSERT_EQ(input_.used_count(), 1) << "the larger one is lost";
  EXPECT_EQ(ram_.get<std::uint16_t>(kBuffer + kNetHeaderBuffers), 1);
  EXPECT_EQ(text_at(kBuffer + kNetHeaderSize, 100), std::string(100, 'o'));
}

TEST_F(NetCards, ForgetTheGuestsBuffersWithAReset) {
  give_room(16'384, 8);
  serve();
  start(kFeatureVersion1 | kNetMergeable);
  std::ranges::fill(ram_.at(kBuffer, 8 * 16'384), std::byte{'-'});
  comes(frame(100));
  serve();
  EXPECT_EQ(text_at(kBuffer, 8 * 16'384), std::string(8 * 16'384, '-'));
}

TEST_F(NetCards, ShowAnUnpluggedCableWhenThePortIsGone) {
  (void)registers_->interrupted();
  other_.reset();
  serve();
  std::array<std::byte, 8> config{};
  registers_->transport().read(testing::kConfig, config);
  EXPECT_EQ(config[6], std::byte{0});
  EXPECT_TRUE(registers_->interrupted());
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].what, Fault::kNetGone);
  EXPECT_FALSE(registers_->serve()) << "nobody waits for it any more";
  output_.add({{kBuffer, 72, 0, 0}});
  registers_->write(kNotify, kFrom);
  serve();
  EXPECT_EQ(output_.used_count(), 1) << "what is sent is lost";
  EXPECT_TRUE(port_->sent.empty());
}

TEST(Macs, AreReadAndWritten) {
  const auto mac = backend::parse_mac("02:00:5e:10:AB:01");
  ASSERT_TRUE(mac);
  EXPECT_EQ(backend::mac_text(*mac), "02:00:5e:10:ab:01");
  for (const char* text :
       {"", "02:00:5e:10:00", "02:00:5e:10:00:01:", "02-00-5e-10-00-01", "01:00:5e:10:00:01",
        "00:00:00:00:00:00", "0x:00:5e:10:00:01", "02:00:5e:10:00:-1", "2:000:5e:10:00:01"})
    EXPECT_FALSE(backend::parse_mac(text)) << text;
}

TEST(Macs, AreStableAndDifferByTapAndSlot) {
  EXPECT_EQ(backend::default_mac("tap0", 1), backend::default_mac("tap0", 1));
  EXPECT_NE(backend::default_mac("tap0", 1), backend::default_mac("tap1", 1));
  EXPECT_NE(backend::default_mac("tap0", 1), backend::default_mac("tap0", 2));
  EXPECT_EQ(backend::default_mac("tap0", 1)[0], 2) << "of one card, and nobody's by right";
}

}  // namespace
}  // namespace pvh::virtio
