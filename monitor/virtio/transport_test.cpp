#include "pvh/virtio/transport.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "pvh/virtio/entropy.hpp"
#include "pvh/virtio/worker.hpp"
#include "testing/driver.hpp"

namespace pvh::virtio {
namespace {

using namespace testing;

class Transports : public ::testing::Test {
 protected:
  std::uint32_t status() { return registers_.read(kStatus); }
  void ask_for(std::uint32_t bytes, std::uint16_t head = 0) {
    ring_.add({{kBuffer, bytes, testing::kWrite, 0}}, head);
    registers_.write(kNotify, 0);
  }

  static constexpr std::uint64_t kBuffer = 0x10000;
  Ram ram_;
  Ring ring_{ram_, 0x4000};
  Entropy device_;
  Registers registers_{device_, ram_.memory()};
};

TEST_F(Transports, SayWhatTheyAre) {
  EXPECT_EQ(registers_.read(0), 0x74726976U);
  EXPECT_EQ(registers_.read(4), 2U);
  EXPECT_EQ(registers_.read(8), 4U);
  EXPECT_EQ(registers_.read(kQueueSizeMax), 256U);
  registers_.write(kDeviceFeaturesHalf, 1);
  EXPECT_EQ(registers_.read(kDeviceFeatures), 1U);
  registers_.write(kDeviceFeaturesHalf, 2);
  EXPECT_EQ(registers_.read(kDeviceFeatures), 0U);
  registers_.write(kQueueSelect, 1);
  EXPECT_EQ(registers_.read(kQueueSizeMax), 0U);
}

TEST_F(Transports, ServeAndInterruptOnceUntilThatIsAcknowledged) {
  start(registers_, ring_);
  ask_for(64);
  ASSERT_TRUE(registers_.serve());
  EXPECT_EQ(ring_.used_count(), 1);
  EXPECT_EQ(ring_.used_at(0).written, 64U);
  EXPECT_EQ(registers_.read(kInterruptStatus), 1U);
  EXPECT_TRUE(registers_.interrupted());
  ask_for(64);
  ASSERT_TRUE(registers_.serve());
  EXPECT_EQ(ring_.used_count(), 2);
  EXPECT_FALSE(registers_.interrupted()) << "it has still to look after the first";
  registers_.write(kInterruptAcknowledge, 1);
  EXPECT_EQ(registers_.read(kInterruptStatus), 0U);
  ask_for(64);
  ASSERT_TRUE(registers_.serve());
  EXPECT_TRUE(registers_.interrupted());
}

TEST_F(Transports, InterruptAgainWhereTheGuestMayHaveMissedIt) {
  start(registers_, ring_);
  registers_.transport().interrupt_again();
  EXPECT_FALSE(registers_.interrupted());
  ask_for(1);
  ASSERT_TRUE(registers_.serve());
  EXPECT_TRUE(registers_.interrupted());
  registers_.transport().interrupt_again();
  EXPECT_TRUE(registers_.interrupted());
}

TEST_F(Transports, AcceptOnlyFeaturesThatTheyOffer) {
  start(registers_, ring_, kFeatureVersion1 | 1);
  EXPECT_EQ(status() & 8, 0U);
  EXPECT_NE(status() & kNeedsReset, 0U) << "a driver that goes on all the same";
  start(registers_, ring_, kFeatureIndirect);
  EXPECT_EQ(status() & 8, 0U) << "a driver of the old kind";
  start(registers_, ring_, kCommonFeatures);
  EXPECT_EQ(status(), 15U);
}

TEST_F(Transports, NeedAResetAfterABrokenQueueAndLiveOnAfterIt) {
  start(registers_, ring_);
  ring_.offer(Ring::kSize);
  registers_.write(kNotify, 0);
  (void)registers_.serve();
  EXPECT_NE(status() & kNeedsReset, 0U);
  EXPECT_EQ(registers_.read(kInterruptStatus), 2U);
  EXPECT_TRUE(registers_.interrupted());
  registers_.write(kStatus, 15);
  EXPECT_NE(status() & kNeedsReset, 0U);
  registers_.write(kNotify, 0);
  (void)registers_.serve();
  EXPECT_EQ(ring_.used_count(), 0);

  Ring other(ram_, 0x20000);
  start(registers_, other);
  EXPECT_EQ(status(), 15U);
  other.add({{kBuffer, 8, testing::kWrite, 0}});
  registers_.write(kNotify, 0);
  (void)registers_.serve();
  EXPECT_EQ(other.used_count(), 1);
}

TEST_F(Transports, NeedAResetWhereAQueueCannotBe) {
  for (const std::uint32_t size : {0U, 5U, 65535U, 0xffffffffU}) {
    registers_.write(kStatus, 0);
    registers_.write(kStatus, 3);
    registers_.write(kDriverFeaturesHalf, 1);
    registers_.write(kDriverFeatures, 1);
    registers_.write(kStatus, 11);
    registers_.write(kQueueSize, size);
    registers_.write(kQueueReady, 1);
    EXPECT_EQ(registers_.read(kQueueReady), 0U);
    EXPECT_NE(status() & kNeedsReset, 0U) << size;
  }
}

TEST_F(Transports, KeepAQueueWhereItIsWhileItIsInUse) {
  start(registers_, ring_);
  registers_.write(kAvailable, 0xdead0000);
  registers_.write(kQueueSize, 1);
  registers_.write(kQueueReady, 0);
  EXPECT_EQ(registers_.read(kQueueReady), 1U);
  ask_for(4);
  ASSERT_TRUE(registers_.serve());
  EXPECT_EQ(ring_.used_count(), 1);
}

TEST_F(Transports, AnswerEveryAccessOfEveryWidthInEveryState) {
  const auto touch_all = [this] {
    for (std::uint64_t offset = 0; offset < Transport::kSize; ++offset)
      for (std::size_t size = 1; size <= 8 && offset + size <= Transport::kSize; ++size) {
        std::array<std::byte, 8> bytes{};
        registers_.transport().read(offset, std::span(bytes).first(size));
        if (offset / 4 != kStatus / 4) registers_.transport().write(offset, std::span(bytes).first(size));
        bytes.fill(std::byte{0xff});
        registers_.transport().write(offset, std::span(bytes).first(size));
        (void)registers_.serve();
      }
  };
  touch_all();
  start(registers_, ring_);
  touch_all();
  ring_.offer(999);
  registers_.write(kNotify, 0);
  (void)registers_.serve();
  touch_all();
  start(registers_, ring_);
  EXPECT_EQ(status(), 15U);
}

TEST_F(Transports, IgnoreNotificationsOfQueuesThatAreNot) {
  start(registers_, ring_);
  (void)registers_.serve();  // what start itself asked for
  registers_.write(kNotify, 1);
  registers_.write(kNotify, 0xffffffff);
  EXPECT_FALSE(registers_.serve());
}

TEST_F(Transports, GoOnWithAnotherDeviceWhenOneIsBroken) {
  Entropy second;
  Registers others(second, ram_.memory());
  Ring ring(ram_, 0x20000);
  start(registers_, ring_);
  start(others, ring);
  Worker worker({&registers_.transport(), &others.transport()});
  std::thread thread([&] { worker.run(); });
  ring_.offer(Ring::kSize);
  registers_.write(kNotify, 0);
  ring.add({{kBuffer, 8, testing::kWrite, 0}});
  others.write(kNotify, 0);
  const std::span used = ram_.at(ring.used(), 8);
  while (load<std::uint16_t>(used, 2, std::memory_order_acquire) == 0) std::this_thread::yield();
  while ((status() & kNeedsReset) == 0) std::this_thread::yield();
  EXPECT_EQ(others.read(kStatus), 15U);
  worker.stop();
  thread.join();
}

TEST_F(Transports, AreResetWhileTheyAreServed) {
  Worker worker({&registers_.transport()});
  std::thread thread([&] { worker.run(); });
  for (unsigned i = 0; i < 200; ++i) {
    // Memory that the device does not look at before it is started.
    std::ranges::fill(ram_.at(ring_.descriptors(), 0x3000), std::byte{0});
    for (std::uint16_t head = 0; head < Ring::kSize; ++head)
      ring_.add({{kBuffer, 64, testing::kWrite, 0}}, head);
    start(registers_, ring_);
    registers_.write(kNotify, 0);
    if (i % 2 == 0) std::this_thread::yield();
    registers_.write(kStatus, 0);
    const auto before = ring_.used_count();
    EXPECT_EQ(status(), 0U);
    EXPECT_EQ(ring_.used_count(), before);
  }
  worker.stop();
  thread.join();
}

/// Remembers which thread stopped it.
class Stoppable final : public Device {
 public:
  [[nodiscard]] std::uint32_t id() const override { return 4; }
  [[nodiscard]] std::uint64_t features() const override { return kCommonFeatures; }
  [[nodiscard]] unsigned queue_count() const override { return 1; }
  void read_config(std::uint64_t, std::span<std::byte>) override {}
  void start(Driver&) override { ++starts; }
  void stop() override {
    ++stops;
    stopped_by = std::this_thread::get_id();
  }
  void serve(system::Ready) override {}

  unsigned starts = 0;
  unsigned stops = 0;
  std::thread::id stopped_by;
};

TEST_F(Transports, AreStoppedByTheThreadThatServesThem) {
  // The other threads' filters do not allow the system calls by which a disk ends what is under way.
  Stoppable device;
  Registers registers(device, ram_.memory());
  start(registers, ring_);
  Worker worker({&registers.transport()});
  std::thread thread([&] { worker.run(); });
  const std::thread::id server = thread.get_id();
  worker.stop();
  thread.join();
  EXPECT_EQ(device.stops, 1U);
  EXPECT_EQ(device.stopped_by, server);
}

TEST_F(Transports, DoNotStartADeviceAfterTheEnd) {
  Stoppable device;
  Registers registers(device, ram_.memory());
  start(registers, ring_);
  Worker worker({&registers.transport()});
  worker.stop_devices();
  start(registers, ring_);
  EXPECT_EQ(device.starts, 1U);
  EXPECT_EQ(device.stops, 1U);
}

TEST(Entropies, GiveManyDifferentBytesAndNoMoreThanABoundedNumberAtOnce) {
  Ram ram;
  Ring ring(ram, 0x4000);
  Entropy device;
  Registers registers(device, ram.memory());
  start(registers, ring);
  ring.add({{0x10000, 64 * 1024, testing::kWrite, 0}});
  ring.add({{0x30000, 16, 0, 0}}, 1);
  registers.write(kNotify, 0);
  ASSERT_TRUE(registers.serve());
  EXPECT_EQ(ring.used_count(), 2);
  EXPECT_EQ(ring.used_at(0).written, 4096U);
  EXPECT_EQ(ring.used_at(1).written, 0U);
  EXPECT_NE(ram.get<std::uint64_t>(0x10000), ram.get<std::uint64_t>(0x10008));
  EXPECT_EQ(ram.get<std::uint64_t>(0x11000), 0U);
}

}  // namespace
}  // namespace pvh::virtio
