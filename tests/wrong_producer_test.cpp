// The probe under producers that break the contract: whatever it is handed, it says what it found and comes
// to its end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pvh/base/unique_fd.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/image/kernel_file.hpp"
#include "pvh/image/kernel_image.hpp"
#include "pvh/qemu/qemu.hpp"
#include "pvh/start_info.h"

namespace pvh {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::uint64_t kWildThings = 32 * kMiB;  // where the tests put what does not come from a plan

/// The parts that the probe printed (guest/kernels/README.md).
struct Story {
  std::vector<json> parts;

  [[nodiscard]] std::vector<json> all(const std::string& part) const {
    std::vector<json> found;
    for (const json& one : parts)
      if (one.at("part") == part) found.push_back(one);
    return found;
  }
  [[nodiscard]] json one(const std::string& part) const {
    const auto found = all(part);
    EXPECT_EQ(found.size(), 1U) << part;
    return found.empty() ? json::object() : found.front();
  }
  [[nodiscard]] bool knew_the_start_info() const { return one("end").at("magic"); }
};

class WrongProducer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (std::system("qemu-system-x86_64 --version >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "qemu-system-x86_64 is not installed";
    std::ifstream file(KERNELS + GetParam() + ".elf", std::ios::binary);
    std::ranges::transform(std::vector<char>(std::istreambuf_iterator<char>(file), {}),
                           std::back_inserter(file_), [](char c) { return static_cast<std::byte>(c); });
    auto contents = image::read_kernel_file(file_);
    ASSERT_TRUE(contents);
    auto kernel = image::kernel_image(contents->elf);
    ASSERT_TRUE(kernel);
    auto plan = boot::plan({.kernel = *kernel, .memory_size = 256 * kMiB});
    ASSERT_TRUE(plan);
    plan_ = std::move(*plan);
  }

  /// What the plan made for the region of that name, to be spoilt.
  std::vector<std::byte>& made(std::string_view name) {
    for (const boot::Region& region : plan_.regions)
      if (region.name == name) return plan_.made.at(region.content.index);
    ADD_FAILURE() << "the plan has no " << name;
    return plan_.made.front();
  }

  hvm_start_info start_info() {
    hvm_start_info info{};
    std::memcpy(&info, made("start info").data(), sizeof info);
    return info;
  }
  void set_start_info(const hvm_start_info& info) {
    std::memcpy(made("start info").data(), &info, sizeof info);
  }

  /// Puts bytes where no plan would.
  void put(std::uint64_t at, std::vector<std::byte> bytes) {
    plan_.made.push_back(std::move(bytes));
    const Bytes view = plan_.made.back();
    plan_.regions.push_back(
        {.name = "wild",
         .range = GuestRange::from_size(GuestAddress{at}, view.size()).value(),
         .content = {.origin = boot::Origin::kMade, .index = plan_.made.size() - 1, .bytes = view}});
  }

  /// Runs the probe, which powers off or, where the tables do not tell it how, resets.
  Story run() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::string text;
    std::thread reading([&] {
      std::array<char, 65536> buffer;
      for (ssize_t count; (count = ::read(reader.get(), buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(count));
    });
    const auto outcome = qemu::Start::begin({}).run(
        {.plan = &plan_}, {.timeout = 60s, .input = null.get(), .output = writer.get()});
    writer.reset();
    reading.join();
    EXPECT_TRUE(outcome && outcome->ending != run::Ending::kTimeLimit);
    return parsed(text);
  }

  static Story parsed(const std::string& text) {
    Story story;
    std::size_t at = 0;
    for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = text.substr(at, end - at);
      auto part = json::parse(line.back() == '\r' ? line.substr(0, line.size() - 1) : line, nullptr, false);
      EXPECT_FALSE(part.is_discarded()) << line.substr(0, 300);
      if (part.is_discarded()) break;
      story.parts.push_back(std::move(part));
    }
    EXPECT_FALSE(story.parts.empty());
    if (story.parts.empty()) return story;
    EXPECT_EQ(story.parts.front().at("part"), "begin");
    EXPECT_EQ(story.parts.back().at("part"), "end");
    return story;
  }

  boot::BootPlan plan_;

 private:
  std::vector<std::byte> file_;
};

TEST_P(WrongProducer, IsRightWhereNothingIsSpoilt) {
  const Story story = run();
  EXPECT_TRUE(story.knew_the_start_info());
  EXPECT_EQ(story.one("cpu").at("ebx"), plan_.start_info.value());
  EXPECT_EQ(story.one("memory_map").at("count"), plan_.memory_map.size());
}

TEST_P(WrongProducer, HandsANullOrAWildStartInfo) {
  // Nothing; the top of the address space; a local APIC; a hole; the last byte.
  for (const std::uint32_t ebx : {0x0U, 0xfffffff0U, 0xfee00000U, 0xd0000003U, 0xffffffffU}) {
    SCOPED_TRACE(ebx);
    plan_.state.ebx = ebx;
    const Story story = run();
    EXPECT_EQ(story.one("cpu").at("ebx"), ebx);
    EXPECT_EQ(story.one("start_info").at("at"), ebx);
    EXPECT_FALSE(story.knew_the_start_info());
  }
}

TEST_P(WrongProducer, WritesTheWrongMagic) {
  auto info = start_info();
  info.magic ^= 1;
  set_start_info(info);
  const Story story = run();
  EXPECT_FALSE(story.knew_the_start_info());
  EXPECT_TRUE(story.all("memory_map").empty());
}

TEST_P(WrongProducer, DoesNotEndTheCommandLine) {
  put(kWildThings, std::vector<std::byte>(64 * kMiB, std::byte{'a'}));
  auto info = start_info();
  info.cmdline_paddr = kWildThings;
  set_start_info(info);
  const json line = run().one("string");
  EXPECT_EQ(line.at("terminated"), false);
  EXPECT_EQ(line.at("readable"), true);
  EXPECT_EQ(line.at("cut"), true);
  EXPECT_EQ(line.at("length"), kMiB);
}

TEST_P(WrongProducer, NamesAModuleListThatIsNowhere) {
  for (const std::uint64_t list :
       {0xffffffff00000000ULL, 0xffffffffffffffe0ULL, 0x123456789abcdULL, 0xfec00000ULL}) {
    SCOPED_TRACE(list);
    auto info = start_info();
    info.modlist_paddr = list;
    info.nr_modules = 2;
    set_start_info(info);
    const Story story = run();
    EXPECT_EQ(story.one("modules").at("at"), list);
    EXPECT_TRUE(story.knew_the_start_info());
  }
}

TEST_P(WrongProducer, CountsFourThousandMillionModules) {
  // Each of the entries is garbage: sizes and addresses of every magnitude.
  std::vector<std::byte> garbage(kMiB);
  std::uint64_t state = 1;
  for (auto& byte : garbage) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
  for (std::size_t i = 0; i < garbage.size() / 32; ++i) {
    // Every other one points into memory, with more than there is.
    if (i % 2 == 0) std::fill_n(garbage.begin() + static_cast<std::ptrdiff_t>(i * 32 + 3), 5, std::byte{0});
    if (i % 4 == 0) std::fill_n(garbage.begin() + static_cast<std::ptrdiff_t>(i * 32 + 20), 4, std::byte{0});
  }
  put(kWildThings, garbage);
  auto info = start_info();
  info.modlist_paddr = kWildThings;
  info.nr_modules = 0xffffffff;
  set_start_info(info);
  const Story story = run();
  EXPECT_EQ(story.one("modules").at("count"), 0xffffffffU);
  EXPECT_EQ(story.one("modules").at("cut"), true);
  EXPECT_GT(story.all("module").size(), 1U);
  EXPECT_TRUE(story.knew_the_start_info());
}

TEST_P(WrongProducer, GivesAMillionMapEntries) {
  put(kWildThings, std::vector<std::byte>(24'000'000, std::byte{1}));
  auto info = start_info();
  info.memmap_paddr = kWildThings;
  info.memmap_entries = 1'000'000;
  set_start_info(info);
  const json map = run().one("memory_map");
  EXPECT_EQ(map.at("count"), 1'000'000);
  EXPECT_EQ(map.at("cut"), true);
  EXPECT_EQ(map.at("checked"), 24'000'000);
}

TEST_P(WrongProducer, CountsMoreMapThanThereIsMemory) {
  auto info = start_info();
  info.memmap_entries = 0xffffffff;
  set_start_info(info);
  EXPECT_EQ(run().one("memory_map").at("cut"), true);
}

TEST_P(WrongProducer, NamesAnRsdpThatIsNone) {
  for (const std::uint64_t rsdp :
       {0xfffffffffffffff0ULL, 0xfee00000ULL, 0x100000000000ULL, 0xffffffffULL, 0x1000ULL}) {
    SCOPED_TRACE(rsdp);
    auto info = start_info();
    info.rsdp_paddr = rsdp;
    set_start_info(info);
    const Story story = run();
    EXPECT_EQ(story.one("acpi").at("rsdp"), rsdp);
    EXPECT_TRUE(story.knew_the_start_info());
  }
}

TEST_P(WrongProducer, WritesTablesOfWildLengths) {
  // A root that lists itself and tables everywhere, each as long as can be.
  std::vector<std::byte> tables(8192, std::byte{0xff});
  std::memcpy(tables.data(), "RSD PTR ", 8);
  tables[15] = std::byte{2};
  const std::uint64_t root = kWildThings + 64;
  std::memcpy(tables.data() + 24, &root, 8);
  std::memcpy(tables.data() + 64, "XSDT", 4);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::uint64_t table = i % 3 == 0 ? root : i % 3 == 1 ? 0xfffffffffff0ULL * i : kWildThings + 7 * i;
    std::memcpy(tables.data() + 64 + 36 + 8 * i, &table, 8);
  }
  put(kWildThings, tables);
  auto info = start_info();
  info.rsdp_paddr = kWildThings;
  set_start_info(info);
  EXPECT_FALSE(run().all("table").empty());
}

INSTANTIATE_TEST_SUITE_P(Probe, WrongProducer, ::testing::Values("probe", "probe32"),
                         [](const auto& kernel) { return kernel.param; });

}  // namespace
}  // namespace pvh
