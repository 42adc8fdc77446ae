#include "pvh/system/event_loop.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "pvh/system/event.hpp"

namespace pvh::system {
namespace {

using namespace std::chrono_literals;

/// Waits for an event or a time, and counts its turns.
class Counter final : public EventSource {
 public:
  void prepare(Waits& waits) override {
    waits.on(event.descriptor(), POLLIN);
    if (when) waits.until(*when);
  }
  void serve(Ready ready) override {
    ++served;
    woken = ready[0].revents != 0;
    event.clear();
    when.reset();
  }

  Event event;
  std::optional<Waits::Time> when;
  int served = 0;
  bool woken = false;
};

TEST(EventLoops, ServeOnlyTheSourceForWhichSomethingHappened) {
  Counter one;
  Counter other;
  EventLoop loop;
  loop.add(one);
  loop.add(other);
  other.event.signal();
  loop.turn();
  EXPECT_EQ(one.served, 0);
  EXPECT_EQ(other.served, 1);
  EXPECT_TRUE(other.woken);
}

TEST(EventLoops, ServeASourceWhoseTimeHasCome) {
  Counter one;
  Counter other;
  EventLoop loop;
  loop.add(one);
  loop.add(other);
  one.when = Waits::Clock::now() + 5ms;
  other.when = Waits::Clock::now() + 1h;
  while (one.served == 0) loop.turn();
  EXPECT_FALSE(one.woken);
  EXPECT_EQ(other.served, 0) << "its time has not come";
}

TEST(EventLoops, WaitNoLongerThanTheirLimit) {
  Counter one;
  EventLoop loop;
  loop.add(one);
  loop.turn(Waits::Clock::now() + 5ms);
  EXPECT_EQ(one.served, 0);
}

TEST(EventLoops, PassADescriptorThatIsNoneOver) {
  class None final : public EventSource {
   public:
    void prepare(Waits& waits) override { waits.on(-1, POLLIN); }
    void serve(Ready) override { ADD_FAILURE(); }
  } none;
  Counter one;
  EventLoop loop;
  loop.add(none);
  loop.add(one);
  one.event.signal();
  loop.turn();
  EXPECT_EQ(one.served, 1);
}

TEST(PollTimeouts, AreRoundedUpAndNeverBelowZero) {
  EXPECT_EQ(poll_timeout(std::nullopt), -1);
  EXPECT_EQ(poll_timeout(Waits::Clock::now() - 1h), 0);
  EXPECT_EQ(poll_timeout(Waits::Clock::now() + 900us), 1);
  EXPECT_EQ(poll_timeout(Waits::Clock::now() + 24h * 365), std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace pvh::system
