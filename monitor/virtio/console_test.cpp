#include "pvh/virtio/console.hpp"

#include <gtest/gtest.h>

#include <string>

#include "testing/driver.hpp"

namespace pvh::virtio {
namespace {

using namespace testing;

class Consoles : public ::testing::Test {
 protected:
  /// Queue 1, the guest's output, lies in `output_`.
  void SetUp() override {
    device_.on_change([this] { ++woken_; });
    registers_.write(kStatus, 0);
    registers_.write(kStatus, 3);
    registers_.write(kDriverFeaturesHalf, 1);
    registers_.write(kDriverFeatures, 1);
    registers_.write(kStatus, 11);
    for (std::uint32_t i = 0; i < 2; ++i) {
      const Ring& ring = i == 0 ? input_ : output_;
      registers_.write(kQueueSelect, i);
      registers_.write(kQueueSize, Ring::kSize);
      registers_.write(kDescriptors, static_cast<std::uint32_t>(ring.descriptors()));
      registers_.write(kAvailable, static_cast<std::uint32_t>(ring.available()));
      registers_.write(kUsed, static_cast<std::uint32_t>(ring.used()));
      registers_.write(kQueueReady, 1);
    }
    registers_.write(kStatus, 15);
    ASSERT_EQ(registers_.read(kStatus), 15U);
  }
  void serve() {
    while (registers_.serve()) {
    }
  }
  void say(std::uint32_t size, std::uint16_t head = 0) {
    output_.add({{kBuffer, size, 0, 0}}, head);
    registers_.write(kNotify, 1);
    serve();
  }
  std::string heard(std::size_t most = 100'000) {
    std::string out(most, ' ');
    out.resize(device_.take_output(std::as_writable_bytes(std::span(out))));
    return out;
  }

  static constexpr std::uint64_t kBuffer = 0x20000;
  Ram ram_;
  Ring input_{ram_, 0x4000};
  Ring output_{ram_, 0x8000};
  Console device_;
  Registers registers_{device_, ram_.memory()};
  int woken_ = 0;
};

TEST_F(Consoles, PassOnWhatTheGuestSays) {
  std::ranges::copy(as_bytes("hello"), ram_.at(kBuffer, 5).begin());
  say(5);
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(heard(), "hello");
  EXPECT_EQ(output_.used_count(), 1);
}

TEST_F(Consoles, LetTheGuestWaitForASlowUser) {
  std::ranges::fill(ram_.at(kBuffer, 40'000), std::byte{'x'});
  say(40'000);
  EXPECT_EQ(output_.used_count(), 0) << "its buffer is still needed";
  std::size_t all = 0;
  for (unsigned i = 0; i < 10; ++i) {
    all += heard(5'000).size();
    serve();
  }
  EXPECT_EQ(all, 40'000U);
  EXPECT_EQ(output_.used_count(), 1);
}

TEST_F(Consoles, GiveTheGuestWhatIsTypedOnceItHasPlaceForIt) {
  EXPECT_EQ(device_.type(as_bytes("ls\n")), 3U);
  serve();
  EXPECT_EQ(input_.used_count(), 0);
  input_.add({{kBuffer, 2, testing::kWrite, 0}});
  input_.add({{kBuffer + 16, 8, testing::kWrite, 0}}, 1);
  registers_.write(kNotify, 0);
  serve();
  ASSERT_EQ(input_.used_count(), 2);
  EXPECT_EQ(as_text(ram_.at(kBuffer, 2)), "ls");
  EXPECT_EQ(input_.used_at(1).written, 1U);
  EXPECT_EQ(as_text(ram_.at(kBuffer + 16, 1)), "\n");
}

TEST_F(Consoles, TakeNoMoreThanTheyHaveRoomFor) {
  EXPECT_EQ(device_.type(as_bytes(std::string(10'000, 'k'))), 4096U);
  EXPECT_EQ(device_.type(as_bytes("k")), 0U);
}

TEST_F(Consoles, ForgetAHeldChainWithAReset) {
  std::ranges::fill(ram_.at(kBuffer, 40'000), std::byte{'x'});
  say(40'000);
  std::ranges::fill(ram_.at(output_.descriptors(), 0x3000), std::byte{0});
  SetUp();
  (void)heard();
  serve();
  EXPECT_EQ(output_.used_count(), 0);
  say(3);
  EXPECT_EQ(output_.used_count(), 1);
  EXPECT_EQ(heard(), "xxx");
}

}  // namespace
}  // namespace pvh::virtio
