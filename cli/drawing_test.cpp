#include "drawing.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace pvh::cli {
namespace {

GuestRange range(std::uint64_t start, std::uint64_t size) {
  return GuestRange::from_size(GuestAddress{start}, size).value();
}

boot::BootPlan plan_of(std::vector<boot::MapEntry> map, std::vector<boot::Region> regions) {
  boot::BootPlan plan{};
  plan.memory_map = std::move(map);
  plan.regions = std::move(regions);
  return plan;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Drawing, IsToScale) {
  // 64 columns of 1 MiB.
  const auto plan =
      plan_of({{range(kMiB, 64 * kMiB), 1, "RAM"}}, {{"kernel", range(17 * kMiB, 8 * kMiB), {}}});
  const auto lines = lines_of(draw_memory(plan, {.unicode = false, .colour = false, .width = 68}));
  EXPECT_EQ(lines.at(0), "  0x100000 to 0x40fffff: 64 MiB, a column is 1 MiB");
  EXPECT_EQ(lines.at(1), "  |" + std::string(16, '.') + "aaaaaaaa" + std::string(40, '.') + "|");
}

TEST(Drawing, ShowsTheSmallestThing) {
  const auto plan =
      plan_of({{range(4 * kGiB, kTiB), 1, "RAM"}}, {{"page", range(4 * kGiB + kTiB - 4096, 4096), {}}});
  EXPECT_TRUE(lines_of(draw_memory(plan, {})).at(1).ends_with(".a|"));
}

TEST(Drawing, MarksAColumnThatSeveralShare) {
  const auto plan = plan_of({{range(kMiB, 512 * kMiB), 1, "RAM"}},
                            {{"a", range(kMiB, 4096), {}}, {"b", range(kMiB + 4096, 4096), {}}});
  EXPECT_TRUE(lines_of(draw_memory(plan, {})).at(1).starts_with("  |*."));
}

TEST(Drawing, BreaksWhereNothingIsAndSaysSo) {
  const auto plan =
      plan_of({{range(kMiB, 511 * kMiB), 1, "RAM"}, {range(0xfea00000, 22 * kMiB), 2, "devices"}}, {});
  const auto lines = lines_of(draw_memory(plan, {}));
  EXPECT_EQ(lines.at(2), "  : nothing for 3562 MiB");
  EXPECT_TRUE(lines.at(4).starts_with("  |####"));
}

TEST(Drawing, ChangesItsScaleAt1MiBAndAt4GiB) {
  const auto plan = plan_of({{range(0, 8 * kGiB), 1, "RAM"}}, {});
  const auto lines = lines_of(draw_memory(plan, {}));
  EXPECT_TRUE(lines.at(0).starts_with("  0x0 to 0xfffff:"));
  EXPECT_TRUE(lines.at(2).starts_with("  0x100000 to 0xffffffff:"));
  EXPECT_TRUE(lines.at(4).starts_with("  0x100000000 to 0x1ffffffff:"));
}

TEST(Drawing, KeepsToItsWidth) {
  for (const unsigned width : {20U, 60U, 80U, 132U}) {
    for (const std::uint64_t size : {kMiB, 3 * kMiB + 4096, 511 * kMiB, 7 * kTiB + 4096}) {
      const auto plan = plan_of({{range(4 * kGiB, size), 1, "RAM"}}, {});
      EXPECT_LE(lines_of(draw_memory(plan, {.width = width})).at(1).size(), width) << size;
      EXPECT_GE(lines_of(draw_memory(plan, {.width = width})).at(1).size(), width / 2) << size;
    }
  }
}

TEST(Drawing, HasNoEscapesWithoutColourAndNoUnicodeWithoutUtf8) {
  const auto plan =
      plan_of({{range(kMiB, 64 * kMiB), 1, "RAM"}}, {{"kernel", range(16 * kMiB, 8 * kMiB), {}}});
  for (const char c : draw_memory(plan, {})) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f));
  EXPECT_NE(draw_memory(plan, {.unicode = true, .colour = true}).find("\x1b["), std::string::npos);
}

TEST(Drawing, OfNothingIsOnlyItsLegend) {
  EXPECT_EQ(lines_of(draw_memory(plan_of({}, {}), {})).size(), 1U);
}

}  // namespace
}  // namespace pvh::cli
