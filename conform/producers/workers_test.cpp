#include "pvh/producers/workers.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>

namespace pvh::runners {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

TEST(Workers, AreAsManyAsWereAskedForAtOnce) {
  std::latch all(4);
  work_together(4, [&] { all.arrive_and_wait(); });
}

TEST(Workers, AreAtLeastTheCaller) {
  int calls = 0;
  work_together(0, [&] { ++calls; });
  work_together(1, [&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

/// Exits with the number of calls where the address space has no room for another thread's stack.
[[noreturn]] void work_without_room_for_a_stack() {
  constexpr rlim_t kLessThanAStack = 1 << 20;
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kLessThanAStack;
  const rlimit limit{.rlim_cur = most, .rlim_max = most};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(100);
  std::atomic<int> calls = 0;
  work_together(4, [&] { ++calls; });
  ::_exit(calls.load());
}

TEST(Workers, AreTheCallerAloneWhereTheHostStartsNoThread) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs more address space than a limit can leave it";
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(work_without_room_for_a_stack(), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace pvh::runners
