// The same tests under GoogleTest and, with PVH_PLAIN_TESTS, as a plain program that needs nothing of the
// target but a C++ library: for the processors that only an emulator runs.
#pragma once

#ifndef PVH_PLAIN_TESTS

#include <gtest/gtest.h>

#else

#include <cstdio>
#include <string_view>
#include <vector>

namespace plain {

struct Test {
  const char* suite;
  const char* name;
  void (*run)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline int failures = 0;

inline void fail(const char* file, int line, const char* what) {
  std::printf("%s:%d: %s\n", file, line, what);
  ++failures;
}

inline bool add(const char* suite, const char* name, void (*run)()) {
  tests().push_back({suite, name, run});
  return true;
}

}  // namespace plain

#define TEST(suite, name)                                                               \
  static void suite##_##name();                                                         \
  static const bool suite##_##name##_added = plain::add(#suite, #name, suite##_##name); \
  static void suite##_##name()

#define EXPECT_TRUE(condition) \
  if (!(condition)) plain::fail(__FILE__, __LINE__, #condition)
#define EXPECT_FALSE(condition) EXPECT_TRUE(!(condition))
#define EXPECT_EQ(a, b) EXPECT_TRUE((a) == (b))
#define EXPECT_LE(a, b) EXPECT_TRUE((a) <= (b))
#define EXPECT_STREQ(a, b) EXPECT_TRUE(std::string_view(a) == std::string_view(b))
#define ASSERT_TRUE(condition)                   \
  if (!(condition)) {                            \
    plain::fail(__FILE__, __LINE__, #condition); \
    return;                                      \
  }
#define ASSERT_EQ(a, b) ASSERT_TRUE((a) == (b))

#endif
