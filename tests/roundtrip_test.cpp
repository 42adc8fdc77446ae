// Writer against reader: what boot/ puts into a guest's memory, guest/ reads back equal, for plans of every
// kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "pvh/boot/load.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/guest/start_info.hpp"
#include "random.hpp"
#include "testing/any_request.hpp"
#include "testing/page_memory.hpp"
#include "testing/sample_kernel.hpp"

namespace pvh {
namespace {

using boot::testing::at;
using boot::testing::PageMemory;

// The generator's longest, and more than the reader looks for where nobody says a limit.
constexpr std::uint64_t kLongestString = 8 * kMiB;

/// What a kernel sees of the memory: every byte is readable, as on a machine.
int read_page_memory(void* context, std::uint64_t paddr, void* out, std::size_t size) {
  const auto& memory = *static_cast<const PageMemory*>(context);
  auto* to = static_cast<std::byte*>(out);
  for (std::size_t i = 0; i < size; ++i) to[i] = memory.byte(paddr + i);
  return 1;
}

/// A plan in memory, seen by the guest.
class Loaded {
 public:
  Loaded(const boot::Request& request, const boot::BootPlan& plan)
      : request_(request), plan_(plan), memory_(plan.backing) {
    EXPECT_TRUE(boot::load(plan, memory_, boot::Before::kZeros));
  }

  /// The first thing that the guest sees otherwise than the plan says; empty where there is none.
  [[nodiscard]] std::string difference() {
    const auto info = guest::StartInfo::parse(view(), plan_.state.ebx);
    if (!info) return std::string("not parsed: ") + guest::fault_text(info.error().fault);
    if (info->address() != plan_.start_info.value()) return "address of the start info";
    if (info->version() != plan_.version || info->flags() != 0) return "version or flags";
    if (text(info->command_line(kLongestString)) != request_.command_line) return "command line";
    for (const auto part :
         {&Loaded::modules, &Loaded::root, &Loaded::map, &Loaded::reservations, &Loaded::faults})
      if (const auto found = (this->*part)(*info); !found.empty()) return found;
    return "";
  }

 private:
  using Info = guest::StartInfo;

  [[nodiscard]] guest::Memory view() { return {&read_page_memory, &memory_}; }

  /// "(none)" cannot be mistaken: the generator's texts do not contain parentheses.
  std::string text(const guest::Result<guest::String>& string) {
    if (!string) return string.is_absent() ? "(none)" : "(broken)";
    std::string out(string->size + 1, '\0');
    if (!guest::copy_string(view(), *string, out.data(), out.size())) return "(not copied)";
    out.pop_back();
    return out;
  }

  [[nodiscard]] const boot::Region* region_of_module(std::size_t index) const {
    const auto found = std::ranges::find_if(plan_.regions, [&](const boot::Region& region) {
      return region.content.origin == boot::Origin::kModule && region.content.index == index;
    });
    return found == plan_.regions.end() ? nullptr : &*found;
  }

  std::string modules(const Info& info) {
    if (info.module_count() != request_.modules.size()) return "number of modules";
    for (std::uint32_t i = 0; i < info.module_count(); ++i) {
      const boot::Module& given = request_.modules[i];
      const std::string name = "module " + std::to_string(i);
      const auto module = info.module(i);
      if (!module) return name + " is not there";
      if (module->size != given.bytes.size()) return name + "'s size";
      if (module->paddr == 0 || module->paddr % kPageSize != 0) return name + "'s address (PLACE-3)";
      const boot::Region* region = region_of_module(i);
      if (!given.bytes.empty() && (region == nullptr || region->range.start().value() != module->paddr))
        return name + " is not where the plan has it";
      if (!memory_.holds(module->paddr, given.bytes)) return name + "'s bytes";
      if (text(info.command_line_of(*module, kLongestString)) != given.command_line.value_or("(none)"))
        return name + "'s command line";
    }
    return info.module(info.module_count()).is_absent() ? "" : "a module behind the last";
  }

  std::string root(const Info& info) {
    const auto rsdp = info.rsdp();
    if (!request_.board.acpi) return rsdp.is_absent() ? "" : "an ACPI root on a board without ACPI";
    if (!rsdp) return "no ACPI root";
    return text_at(*rsdp, 8) == "RSD PTR " ? "" : "no RSDP where the root is said to be";
  }

  [[nodiscard]] std::string text_at(std::uint64_t paddr, std::size_t size) const {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(memory_.byte(paddr + i));
    return out;
  }

  std::string map(const Info& info) {
    const auto map = info.memory_map();
    if (plan_.version == 0) return map.is_absent() ? "" : "a map on version 0 (START-2)";
    if (!map || map->size() != plan_.memory_map.size()) return "number of map entries";
    std::vector<guest::MapRange> ranges(guest::storage_for(map->size()));
    const auto count = map->collect(ranges.data(), ranges.size());
    if (!count || *count != plan_.memory_map.size()) return "not every map entry is a range (MAP-3)";
    for (std::size_t i = 0; i < *count; ++i) {
      const boot::MapEntry& planned = plan_.memory_map[i];
      if (ranges[i].first != planned.range.start().value() ||
          guest::size_of(ranges[i]) != planned.range.size() || ranges[i].type != planned.type)
        return "map entry " + std::to_string(i);
    }
    return same_when_normalised(ranges, *count);
  }

  /// The plan's map is sorted and disjoint, so all that normalising does is to merge neighbours of one type.
  std::string same_when_normalised(std::vector<guest::MapRange>& ranges, std::size_t count) {
    std::vector<guest::MapRange> merged;
    for (std::size_t i = 0; i < count; ++i) {
      if (!merged.empty() && merged.back().type == ranges[i].type &&
          merged.back().last + 1 == ranges[i].first)
        merged.back().last = ranges[i].last;
      else
        merged.push_back(ranges[i]);
    }
    const auto left = guest::normalise(ranges.data(), ranges.size(), count);
    if (!left || *left != merged.size()) return "number of ranges when normalised";
    const bool same =
        std::equal(merged.begin(), merged.end(), ranges.begin(), [](const auto& a, const auto& b) {
          return a.first == b.first && a.last == b.last && a.type == b.type;
        });
    return same ? "" : "the map when normalised";
  }

  /// What the guest is told to keep lies in the plan's regions (CONS-4), and every region of ours is kept.
  std::string reservations(const Info& info) {
    std::vector<guest::Reservation> kept;
    const auto error = info.reserve(
        [](void* context, const guest::Reservation& one) {
          static_cast<std::vector<guest::Reservation>*>(context)->push_back(one);
        },
        &kept);
    // Its strings are looked for as far as PVH_STRING_LIMIT.
    if (error.fault != guest::Fault::kNone && error.fault != guest::Fault::kUnterminated)
      return "reservations end with an error";
    std::ranges::sort(kept, {}, &guest::Reservation::first);
    for (const boot::Region& region : plan_.regions) {
      if (region.content.origin != boot::Origin::kModule || region.content.bytes.empty()) continue;
      const auto found =
          std::ranges::lower_bound(kept, region.range.start().value(), {}, &guest::Reservation::first);
      if (found == kept.end() || found->first != region.range.start().value())
        return region.name + " is not kept";
    }
    return "";
  }

  std::string faults(const Info& info) {
    std::vector<guest::Error> found;
    const bool good = info.check(
        [](void* context, const guest::Error& one) {
          static_cast<std::vector<guest::Error>*>(context)->push_back(one);
        },
        &found);
    if (good != found.empty()) return "check's answer and its visits differ";
    for (const guest::Error& error : found)
      if (error.fault != guest::Fault::kUnterminated || error.found < PVH_STRING_LIMIT)
        return std::string("check finds: ") + guest::clause_id(error.clause) + " " +
               guest::fault_text(error.fault);
    return "";
  }

  const boot::Request& request_;
  const boot::BootPlan& plan_;
  PageMemory memory_;
};

TEST(RoundTrip, ReadsBackPlansOfEveryKind) {
  constexpr std::uint64_t kRequests = 1000;
  std::map<std::uint32_t, std::uint64_t> planned;  // of each version
  for (std::uint64_t seed = 0; seed < kRequests; ++seed) {
    boot::Random random(seed);
    boot::testing::AnyRequest any([&](std::uint64_t bound) { return random.below(bound); });
    const boot::Request request = any.request();
    const auto plan = boot::plan(request);
    if (!plan) continue;
    ++planned[plan->version];
    ASSERT_EQ(Loaded(request, *plan).difference(), "") << "seed " << seed;
  }
  // Or the test would say nothing.
  EXPECT_GT(planned[0], kRequests / 50);
  EXPECT_GT(planned[1], kRequests / 5);
}

/// A request whose map has about `entries` entries: single pages of two unknown types in turn, with RAM
/// between them.
boot::Request with_map_entries(const image::KernelImage& kernel, std::size_t entries) {
  boot::Request request{.kernel = kernel};
  request.memory_size = 3 * kGiB;
  for (std::size_t i = 0; i < entries / 2; ++i)
    request.user_ranges.push_back(
        {.type = static_cast<std::uint32_t>(20 + i % 2), .range = at(kGiB + 2 * i * kPageSize, kPageSize)});
  return request;
}

class MapEntries : public ::testing::TestWithParam<std::size_t> {};

TEST_P(MapEntries, AreReadBackEqual) {
  const auto kernel = boot::testing::SampleKernel{}.segment(kMiB, 64 * kKiB).build();
  const boot::Request request = with_map_entries(kernel, GetParam());
  const auto plan = boot::plan(request);
  ASSERT_TRUE(plan);
  EXPECT_GE(plan->memory_map.size(), GetParam());
  EXPECT_EQ(Loaded(request, *plan).difference(), "");
}

INSTANTIATE_TEST_SUITE_P(RoundTrip, MapEntries, ::testing::Values(0, 2, 126, 128, 256, 1000, 65536, 100000));

class Modules : public ::testing::TestWithParam<std::tuple<std::size_t, std::uint32_t>> {};

TEST_P(Modules, AreReadBackEqual) {
  const auto [count, version] = GetParam();
  boot::Random random(count + version);
  const auto kernel = boot::testing::SampleKernel{}.segment(kMiB, 64 * kKiB).build();
  boot::Request request{.kernel = kernel};
  request.memory_size = 256 * kMiB;
  request.version = version;
  std::vector<std::byte> file(16 * kKiB);
  for (auto& byte : file) byte = static_cast<std::byte>(random.below(256));
  for (std::size_t i = 0; i < count; ++i) {
    boot::Module module{
        .name = "file", .bytes = Bytes(file).subspan(i % 64, random.below(16000)), .command_line = {}};
    if (i % 3 != 0) module.command_line = std::string(random.below(300), static_cast<char>('a' + i % 26));
    request.modules.push_back(std::move(module));
  }
  const auto plan = boot::plan(request);
  ASSERT_TRUE(plan);
  EXPECT_EQ(Loaded(request, *plan).difference(), "");
}

INSTANTIATE_TEST_SUITE_P(RoundTrip, Modules,
                         ::testing::Combine(::testing::Values(0, 1, 2, 7, 128, 1000),
                                            ::testing::Values(0, 1)));

TEST(RoundTrip, WouldNoticeASingleByte) {
  const auto kernel = boot::testing::SampleKernel{}.segment(kMiB, 64 * kKiB).build();
  boot::Request request = with_map_entries(kernel, 10);
  request.command_line = "one=1";
  auto plan = boot::plan(request);
  ASSERT_TRUE(plan);
  // In each of the regions that the plan itself makes, but for ACPI's tables, of which only the root is
  // looked at.
  for (const boot::Region& region : plan->regions) {
    if (region.content.origin != boot::Origin::kMade || region.name == "ACPI tables") continue;
    std::byte& byte = plan->made[region.content.index].front();
    byte ^= std::byte{1};
    EXPECT_NE(Loaded(request, *plan).difference(), "") << region.name;
    byte ^= std::byte{1};
  }
  EXPECT_EQ(Loaded(request, *plan).difference(), "");
}

}  // namespace
}  // namespace pvh
