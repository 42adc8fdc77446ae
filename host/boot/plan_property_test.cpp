// Thousands of requests of every kind, each from a seed that the failure names.
#include <gtest/gtest.h>

#include "pvh/boot/plan.hpp"
#include "random.hpp"
#include "testing/any_request.hpp"
#include "testing/invariants.hpp"

namespace pvh::boot {
namespace {

TEST(AnyRequest, GetsAPlanThatKeepsThePromisesOrAnErrorThatDoes) {
  constexpr std::uint64_t kRequests = 3000;
  std::uint64_t planned = 0;
  std::uint64_t too_small = 0;
  for (std::uint64_t seed = 0; seed < kRequests; ++seed) {
    Random random(seed);
    testing::AnyRequest any([&](std::uint64_t bound) { return random.below(bound); });
    const Request request = any.request();
    const auto plan = boot::plan(request);
    const std::string broken =
        plan ? testing::broken_promise(request, *plan) : testing::broken_promise(request, plan.error());
    ASSERT_EQ(broken, "") << "seed " << seed
                          << (plan ? "" : ", fault " + std::to_string(static_cast<int>(plan.error().what)));
    planned += plan.has_value() ? 1 : 0;
    too_small += !plan && plan.error().memory_that_would_do ? 1 : 0;
  }
  // Or the test would say nothing.
  EXPECT_GT(planned, kRequests / 5);
  EXPECT_GT(too_small, kRequests / 20);
}

TEST(AnyRequest, GetsTheSamePlanEachTime) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    testing::AnyRequest any([&](std::uint64_t bound) { return random.below(bound); });
    const Request request = any.request();
    const auto one = plan(request);
    const auto two = plan(request);
    ASSERT_EQ(one.has_value(), two.has_value());
    if (!one) continue;
    ASSERT_EQ(one->entry, two->entry);
    ASSERT_EQ(one->regions.size(), two->regions.size());
    for (std::size_t i = 0; i < one->regions.size(); ++i) {
      ASSERT_EQ(one->regions[i].name, two->regions[i].name);
      ASSERT_EQ(one->regions[i].range, two->regions[i].range);
    }
  }
}

}  // namespace
}  // namespace pvh::boot
