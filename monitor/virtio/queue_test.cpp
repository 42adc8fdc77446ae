#include "pvh/virtio/queue.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "testing/driver.hpp"

namespace pvh::virtio {
namespace {

using testing::Descriptor;
using testing::Ram;
using testing::Ring;
using Next = Queue::Next;

class Queues : public ::testing::Test {
 protected:
  Queue queue(std::uint64_t features = kCommonFeatures) {
    return *Queue::create(ram_.memory(), ring_.place(), features);
  }
  /// What becomes of a queue in which this is all that is available.
  Next pop_of(const std::vector<Descriptor>& chain, std::uint64_t features = kCommonFeatures) {
    ring_.add(chain);
    auto made = queue(features);
    return made.pop(chain_);
  }
  void put_table(const std::vector<Descriptor>& table) {
    for (std::size_t i = 0; i < table.size(); ++i) ram_.put(ring_.table() + i * sizeof(Descriptor), table[i]);
  }
  Descriptor table_of(std::uint32_t entries) { return {ring_.table(), entries * 16, testing::kIndirect, 0}; }

  Ram ram_;
  Ring ring_{ram_, 0x4000};
  Chain chain_;
};

TEST_F(Queues, GiveAChainsBuffersInTheirOrder) {
  ASSERT_EQ(pop_of({{0x8000, 16, 0, 0}, {0x9000, 32, 0, 0}, {0xa000, 8, testing::kWrite, 0}}), Next::kChain);
  EXPECT_EQ(chain_.readable.size(), 48U);
  EXPECT_EQ(chain_.writable.size(), 8U);
  EXPECT_EQ(chain_.readable.pieces()[1].iov_base, ram_.at(0x9000, 32).data());
}

TEST_F(Queues, AreEmptyAndThenNot) {
  auto made = queue();
  EXPECT_EQ(made.pop(chain_), Next::kEmpty);
  EXPECT_FALSE(made.enable_notifications());
  ring_.add({{0x8000, 1, 0, 0}});
  EXPECT_TRUE(made.enable_notifications());
  EXPECT_EQ(made.pop(chain_), Next::kChain);
  EXPECT_EQ(made.pop(chain_), Next::kEmpty);
}

TEST_F(Queues, FollowAnIndirectTableAlsoBehindOtherDescriptors) {
  put_table({{0x8000, 5, testing::kNext, 2}, {0xdead, 1, 0, 0}, {0x9000, 6, testing::kWrite, 0}});
  ASSERT_EQ(pop_of({{0xa000, 4, 0, 0}, table_of(3)}), Next::kChain);
  EXPECT_EQ(chain_.readable.size(), 9U);
  EXPECT_EQ(chain_.writable.size(), 6U);
}

TEST_F(Queues, ReadTablesThatLieAskew) {
  const Descriptor one{0x8000, 5, 0, 0};
  ram_.put(ring_.table() + 3, one);
  ASSERT_EQ(pop_of({{ring_.table() + 3, 16, testing::kIndirect, 0}}), Next::kChain);
  EXPECT_EQ(chain_.readable.size(), 5U);
}

TEST_F(Queues, SkipEmptyBuffers) {
  ASSERT_EQ(pop_of({{0xffffffffffffffff, 0, 0, 0}, {0x8000, 4, 0, 0}}), Next::kChain);
  EXPECT_EQ(chain_.readable.pieces().size(), 1U);
}

TEST_F(Queues, BreakOnALoop) {
  ring_.describe(0, {0x8000, 1, testing::kNext, 1});
  ring_.describe(1, {0x8000, 1, testing::kNext, 0});
  ring_.offer(0);
  auto made = queue();
  EXPECT_EQ(made.pop(chain_), Next::kBroken);
}

TEST_F(Queues, BreakOnALoopInsideATable) {
  put_table({{0x8000, 1, testing::kNext, 0}});
  EXPECT_EQ(pop_of({table_of(1)}), Next::kBroken);
}

TEST_F(Queues, BreakOnALinkOutOfTheTable) {
  put_table({{0x8000, 1, testing::kNext, 1}});
  EXPECT_EQ(pop_of({table_of(1)}), Next::kBroken);
  ring_.describe(3, {0x8000, 1, testing::kNext, Ring::kSize});
  ring_.offer(3);
  auto made = queue();
  EXPECT_EQ(made.pop(chain_), Next::kBroken);
}

TEST_F(Queues, BreakOnAHeadOutOfTheTable) {
  ring_.offer(Ring::kSize);
  auto made = queue();
  EXPECT_EQ(made.pop(chain_), Next::kBroken);
}

TEST_F(Queues, BreakOnAnIndexThatRanAway) {
  ram_.put(ring_.available() + 2, std::uint16_t{Ring::kSize + 1});
  auto made = queue();
  EXPECT_EQ(made.pop(chain_), Next::kBroken);
}

TEST_F(Queues, BreakOnMoreChainsUnderWayThanDescriptors) {
  auto made = queue();
  for (unsigned i = 0; i < Ring::kSize; ++i) {
    ring_.add({{0x8000, 1, 0, 0}});
    ASSERT_EQ(made.pop(chain_), Next::kChain);
  }
  ring_.offer(0);
  EXPECT_EQ(made.pop(chain_), Next::kBroken);
}

TEST_F(Queues, BreakOnBuffersOutsideOfOnePieceOfRam) {
  const std::uint64_t end = Ram::kFirstSize;
  const std::uint64_t second = Ram::kSecondStart;
  for (const auto& [address, length] :
       std::vector<std::pair<std::uint64_t, std::uint32_t>>{{end - 1, 2},
                                                            {end, 1},
                                                            {second - 1, 2},
                                                            {second + Ram::kSecondSize, 1},
                                                            {0, 0xffffffff},
                                                            {end - 1, second - end + 2},
                                                            {UINT64_MAX, 1},
                                                            {UINT64_MAX, 0xffffffff},
                                                            {kAddressLimit, 16}}) {
    SCOPED_TRACE(address);
    ring_ = Ring(ram_, ring_.descriptors() + 0x4000);
    EXPECT_EQ(pop_of({{address, length, 0, 0}}), Next::kBroken);
    ring_ = Ring(ram_, ring_.descriptors() + 0x4000);
    EXPECT_EQ(pop_of({{address, length & ~15U, testing::kIndirect, 0}}), Next::kBroken);
  }
  EXPECT_EQ(pop_of({{end - 1, 1, 0, 0}}), Next::kChain);
}

TEST_F(Queues, BreakOnTablesThatAreNone) {
  for (const std::uint32_t length : {0U, 15U, 17U, 16 * (kMaxQueueSize + 1U), 0xfffffff0U}) {
    ring_ = Ring(ram_, ring_.descriptors() + 0x4000);
    EXPECT_EQ(pop_of({{0x8000, length, testing::kIndirect, 0}}), Next::kBroken) << length;
  }
}

TEST_F(Queues, BreakOnMorePiecesThanAQueueHas) {
  std::vector<Descriptor> table;
  for (std::uint16_t next = 1; next < kMaxQueueSize; ++next)
    table.push_back({0x8000, 1, testing::kNext, next});
  table.back().flags = 0;
  put_table(table);
  const auto entries = static_cast<std::uint32_t>(table.size());
  ASSERT_EQ(pop_of({{0x9000, 1, 0, 0}, table_of(entries)}), Next::kChain);
  EXPECT_EQ(chain_.readable.pieces().size(), kMaxQueueSize);
  ring_ = Ring(ram_, 0x20000);
  put_table(table);
  EXPECT_EQ(pop_of({{0x9000, 1, 0, 0}, {0xa000, 1, 0, 0}, table_of(entries)}), Next::kBroken);
}

TEST_F(Queues, BreakOnATableInATable) {
  put_table({table_of(1)});
  EXPECT_EQ(pop_of({table_of(1)}), Next::kBroken);
}

TEST_F(Queues, BreakOnATableThatHasASuccessorOrWasNotAgreed) {
  EXPECT_EQ(pop_of({table_of(1), {0x8000, 1, 0, 0}}), Next::kBroken);
  ring_ = Ring(ram_, 0x20000);
  EXPECT_EQ(pop_of({table_of(1)}, kFeatureVersion1), Next::kBroken);
}

TEST_F(Queues, BreakOnWhatIsReadBehindWhatIsWritten) {
  EXPECT_EQ(pop_of({{0x8000, 1, testing::kWrite, 0}, {0x8000, 1, 0, 0}}), Next::kBroken);
}

TEST_F(Queues, BreakOnMoreThan4GiBInAChain) {
  // As much as a guest of 4 GiB has, a few times: only addresses, nobody touches it.
  const std::span all(ram_.bytes().data(), kGiB);
  const GuestMemory memory({{*GuestRange::from_size(GuestAddress{0}, kGiB), all}});
  const auto made_of = [&](std::size_t count) {
    ring_ = Ring(ram_, ring_.descriptors() + 0x4000);
    ring_.add(std::vector(count, Descriptor{0, kGiB, 0, 0}));
    return Queue::create(memory, ring_.place(), kCommonFeatures)->pop(chain_);
  };
  EXPECT_EQ(made_of(3), Next::kChain);
  EXPECT_EQ(made_of(4), Next::kBroken);
}

TEST_F(Queues, AreNoneWhereTheirPartsCannotBe) {
  const auto refused = [this](auto change) {
    QueuePlace place = ring_.place();
    change(place);
    return !Queue::create(ram_.memory(), place, kCommonFeatures);
  };
  for (const std::uint32_t size : {0U, 3U, 512U, 65535U, 65536U, 0x80000000U})
    EXPECT_TRUE(refused([size](QueuePlace& place) { place.size = size; })) << size;
  for (const std::uint64_t at :
       {Ram::kFirstSize - 16, Ram::kFirstSize, Ram::kSecondStart - 16, UINT64_MAX - 15, kAddressLimit}) {
    EXPECT_TRUE(refused([at](QueuePlace& place) { place.descriptors = at; })) << at;
    EXPECT_TRUE(refused([at](QueuePlace& place) { place.available = at; })) << at;
    EXPECT_TRUE(refused([at](QueuePlace& place) { place.used = at; })) << at;
  }
  EXPECT_TRUE(refused([](QueuePlace& place) { place.descriptors += 8; }));
  EXPECT_TRUE(refused([](QueuePlace& place) { place.available += 1; }));
  EXPECT_TRUE(refused([](QueuePlace& place) { place.used += 2; }));
  EXPECT_FALSE(refused([](QueuePlace&) {}));
}

TEST_F(Queues, GiveBackAndAskForAnInterruptUnlessItIsNotWanted) {
  auto made = queue(kFeatureVersion1);
  EXPECT_FALSE(made.publish());
  made.push(7, 99);
  EXPECT_EQ(ring_.used_count(), 0);
  EXPECT_TRUE(made.publish());
  EXPECT_EQ(ring_.used_count(), 1);
  EXPECT_EQ(ring_.used_at(0).head, 7U);
  EXPECT_EQ(ring_.used_at(0).written, 99U);
  ram_.put(ring_.available(), std::uint16_t{1});
  made.push(8, 0);
  EXPECT_FALSE(made.publish());
}

TEST_F(Queues, InterruptWhenTheWishedIndexIsPassed) {
  auto made = queue();
  const std::uint64_t wish = ring_.available() + 4 + Ring::kSize * 2;
  ram_.put(wish, std::uint16_t{2});
  made.push(0, 0);
  EXPECT_FALSE(made.publish());
  made.push(0, 0);
  made.push(0, 0);
  EXPECT_TRUE(made.publish());
  made.push(0, 0);
  EXPECT_FALSE(made.publish());
}

TEST_F(Queues, CountOnPast65535) {
  auto made = queue();
  for (unsigned i = 0; i < 70000; ++i) {
    ring_.add({{0x8000, 1, 0, 0}});
    ASSERT_EQ(made.pop(chain_), Next::kChain);
    made.push(chain_.head, 0);
    (void)made.publish();
  }
  EXPECT_EQ(ring_.used_count(), static_cast<std::uint16_t>(70000));
}

TEST_F(Queues, OutliveADriverThatChangesThemWhileTheyAreServed) {
  std::atomic<bool> stop = false;
  const auto word = [this](std::uint64_t at) {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(ram_.at(at, 8).data()));
  };
  for (std::uint16_t i = 0; i < Ring::kSize; ++i)
    ring_.describe(i, {0x8000, 8, testing::kNext, static_cast<std::uint16_t>((i + 1) % Ring::kSize)});
  std::thread driver([&] {
    for (std::uint64_t turn = 1; !stop; ++turn) {
      const std::uint64_t noise = turn * 0x9e3779b97f4a7c15;
      word(ring_.descriptors() + (noise >> 60U) * 16).store(noise);
      word(ring_.descriptors() + (noise >> 60U) * 16 + 8).store(noise >> (noise % 64));
      word(ring_.available()).store(noise);
    }
  });
  for (unsigned i = 0; i < 20000; ++i) {
    auto made = queue();
    while (made.pop(chain_) == Next::kChain) {
      for (const iovec& piece : chain_.readable.pieces()) {
        const auto* start = static_cast<std::byte*>(piece.iov_base);
        ASSERT_TRUE(start >= ram_.bytes().data() &&
                    start + piece.iov_len <= ram_.bytes().data() + ram_.bytes().size());
      }
    }
  }
  stop = true;
  driver.join();
}

TEST(Buffers, AreReadWrittenAndCutAcrossPieces) {
  std::array<std::byte, 10> memory{};
  Buffers buffers;
  buffers.append(std::span(memory).first(3));
  buffers.append(std::span(memory).subspan(5, 4));
  EXPECT_EQ(buffers.write(as_bytes("abcdefgh")), 7U);
  EXPECT_EQ(as_text(Bytes(memory).first(3)), "abc");
  EXPECT_EQ(as_text(Bytes(memory).subspan(5, 4)), "defg");
  buffers.drop_front(2);
  buffers.keep_front(3);
  std::array<std::byte, 10> copy{};
  EXPECT_EQ(buffers.read(copy), 3U);
  EXPECT_EQ(as_text(Bytes(copy).first(3)), "cde");
  EXPECT_EQ(buffers.take_back(3).size(), 0U);
  EXPECT_EQ(buffers.take_back(2).data(), &memory[5]);
  EXPECT_EQ(buffers.size(), 1U);
}

}  // namespace
}  // namespace pvh::virtio
