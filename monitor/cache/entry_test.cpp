#include "entry.hpp"

#include <gtest/gtest.h>

namespace pvh::cache {
namespace {

Entry an_entry() {
  return {.source = {1, 2, 3, 4, 5},
          .offset = 6,
          .length = 7,
          .fingerprint = 8,
          .stored = {9, 10, 11, 12, 13},
          .number = 14,
          .on_disk = true,
          .label = {.path = "/boot/vmlinuz", .release = "6.1"}};
}

TEST(Entry, ComesBackAsItWasWritten) {
  const auto bytes = write_entry(an_entry());
  ASSERT_TRUE(bytes);
  const auto entry = read_entry(*bytes);
  ASSERT_TRUE(entry);
  EXPECT_EQ(*entry, an_entry());
  EXPECT_EQ(entry->source, (system::FileState{1, 2, 3, 4, 5}));
  EXPECT_EQ(entry->stored, (system::FileState{9, 10, 11, 12, 13}));
  EXPECT_EQ(entry->label.release, "6.1");
}

TEST(Entry, IsNoneWhereAnythingIsMissingOrTooMuch) {
  auto bytes = write_entry(an_entry()).value();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_entry(Bytes(bytes).first(size))) << size;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(read_entry(bytes));
}

TEST(Entry, IsNoneWithANumberThatIsNeverGiven) {
  Entry entry = an_entry();
  entry.number = kMostOfOneSize;
  EXPECT_FALSE(read_entry(write_entry(entry).value()));
}

TEST(Entry, IsNotWrittenWhereItWouldBeTooLong) {
  Entry entry = an_entry();
  entry.label.path = std::string(kLargestValue, 'x');
  EXPECT_FALSE(write_entry(entry));
}

TEST(Entry, IsBelievedInTheBootThatItWasMadeInAndThenOnlyIfItsFileWasFlushed) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  Entry entry = an_entry();
  entry.on_disk = false;
  entry.stored.changed = 1000 * kSecond;
  entry.boot = 7;
  EXPECT_EQ(trust_in(entry, 1001 * kSecond, 7), Trust::kYes);
  EXPECT_EQ(trust_in(entry, 1061 * kSecond, 7), Trust::kWhenOnDisk);
  EXPECT_EQ(trust_in(entry, 2000 * kSecond, 8), Trust::kNo);
  EXPECT_EQ(trust_in(entry, 1001 * kSecond, 8), Trust::kNo) << "the clock was set back over a crash";
  EXPECT_EQ(trust_in(entry, 900 * kSecond, 7), Trust::kYes) << "the clock was set back";
  entry.on_disk = true;
  EXPECT_EQ(trust_in(entry, 2000 * kSecond, 8), Trust::kYes);
  entry.on_disk = false;
  entry.boot = 0;
  EXPECT_EQ(trust_in(entry, 1001 * kSecond, 0), Trust::kNo) << "the host does not tell its boots apart";
}

TEST(Fingerprint, SeesFirstAndLastBytes) {
  std::vector<std::byte> bytes(10'000);
  const std::uint64_t before = fingerprint_of(bytes);
  bytes.front() = std::byte{1};
  EXPECT_NE(fingerprint_of(bytes), before);
  bytes.front() = std::byte{0};
  bytes.back() = std::byte{1};
  EXPECT_NE(fingerprint_of(bytes), before);
  EXPECT_NE(fingerprint_of(Bytes(bytes).first(1)), fingerprint_of(Bytes(bytes).first(2)));
  EXPECT_EQ(fingerprint_of({}), fingerprint_of({}));
}

}  // namespace
}  // namespace pvh::cache
