#include "x86/cpuid.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace pvh::kvm {
namespace {

kvm_cpuid_entry2 leaf(std::uint32_t function, std::uint32_t index, std::uint32_t eax, std::uint32_t ebx,
                      std::uint32_t ecx, std::uint32_t edx) {
  kvm_cpuid_entry2 out{};
  out.function = function;
  out.index = index;
  out.eax = eax;
  out.ebx = ebx;
  out.ecx = ecx;
  out.edx = edx;
  return out;
}

/// A host whose topology would be a lie in the guest: 64 CPUs, this one the seventh.
std::vector<kvm_cpuid_entry2> host(std::uint32_t vendor) {
  return {
      leaf(0, 0, 0xd, vendor, 0, 0),
      leaf(1, 0, 0xa10f11, 0x07400800, 0x200000, 0x178bfbff),
      leaf(4, 0, 0xfc004121, 0, 0, 0),
      leaf(4, 3, 0xfc0fc163, 0, 0, 0),
      leaf(0xb, 0, 1, 2, 0x100, 7),
      leaf(0xb, 1, 6, 64, 0x201, 7),
      leaf(0x1f, 0, 1, 2, 0x100, 7),
      leaf(0x80000001, 0, 0, 0, 0, 0),
      leaf(0x80000008, 0, 0x3030, 0, 0x703f, 0),
      leaf(0x8000001d, 3, 0xfc163, 0, 0, 0),
      leaf(0x8000001e, 0, 7, 0x103, 0x102, 0),
      leaf(0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d),
      leaf(0x40000001, 0, 0x01007efb, 0, 0, 0),
  };
}

constexpr std::uint32_t kAmd = 0x68747541;
constexpr std::uint32_t kIntel = 0x756e6547;

std::optional<kvm_cpuid_entry2> find(const std::vector<kvm_cpuid_entry2>& leaves, std::uint32_t function,
                                     std::uint32_t index = 0) {
  for (const auto& entry : leaves)
    if (entry.function == function && entry.index == index) return entry;
  return std::nullopt;
}

TEST(Cpuid, GivesEachCpuItsOwnApicId) {
  for (const std::uint32_t id : {0U, 3U}) {
    const auto leaves = cpuid_of(host(kAmd), {.id = id, .cpus = 4, .tsc_deadline = false});
    EXPECT_EQ(find(leaves, 1)->ebx >> 24U, id);
    EXPECT_EQ(find(leaves, 0xb, 0)->edx, id);
    EXPECT_EQ(find(leaves, 0xb, 1)->edx, id);
    EXPECT_EQ(find(leaves, 0x8000001e)->eax, id);
  }
}

TEST(Cpuid, SaysOnePackageOfAsManyCoresAsThereAreCpus) {
  const auto leaves = cpuid_of(host(kAmd), {.id = 0, .cpus = 3, .tsc_deadline = false});
  EXPECT_EQ(find(leaves, 1)->ebx >> 16U & 0xffU, 4U);
  EXPECT_NE(find(leaves, 1)->edx & 1U << 28U, 0U);
  EXPECT_EQ(find(leaves, 0xb, 0)->ebx, 1U) << "no threads";
  EXPECT_EQ(find(leaves, 0xb, 1)->eax, 2U) << "bits of the id";
  EXPECT_EQ(find(leaves, 0xb, 1)->ebx, 3U);
  EXPECT_FALSE(find(leaves, 0x1f)) << "the host's";
  EXPECT_EQ(find(leaves, 0x80000008)->ecx, 0x2002U);
  EXPECT_EQ(find(leaves, 0x8000001e)->ebx, 0U);
  EXPECT_EQ(find(leaves, 0x8000001e)->ecx, 0U);
}

TEST(Cpuid, OfASingleCpuHasNoNeighbours) {
  const auto leaves = cpuid_of(host(kAmd), {.id = 0, .cpus = 1, .tsc_deadline = false});
  EXPECT_EQ(find(leaves, 1)->edx & 1U << 28U, 0U);
  EXPECT_EQ(find(leaves, 0xb, 1)->eax, 0U);
  EXPECT_EQ(find(leaves, 4, 3)->eax >> 14U, 0U);
  EXPECT_EQ(find(leaves, 0x80000001)->ecx & 2U, 0U);
}

TEST(Cpuid, SharesOnlyTheLastCache) {
  const auto leaves = cpuid_of(host(kIntel), {.id = 0, .cpus = 8, .tsc_deadline = false});
  EXPECT_EQ(find(leaves, 4, 0)->eax >> 14U & 0xfffU, 0U);
  EXPECT_EQ(find(leaves, 4, 3)->eax >> 14U & 0xfffU, 7U);
  EXPECT_EQ(find(leaves, 4, 3)->eax >> 26U, 7U);
  EXPECT_EQ(find(leaves, 0x80000008)->ecx, 0x703fU) << "AMD's alone";
}

TEST(Cpuid, SaysThatItIsAGuestAndKeepsKvmsLeaves) {
  const auto leaves = cpuid_of(host(kIntel), {.id = 0, .cpus = 1, .tsc_deadline = true});
  EXPECT_NE(find(leaves, 1)->ecx & 1U << 31U, 0U);
  EXPECT_NE(find(leaves, 1)->ecx & 1U << 24U, 0U) << "TSC deadline";
  EXPECT_EQ(find(leaves, 0x40000001)->eax, 0x01007efbU);
  EXPECT_EQ(find(leaves, 0x40000000)->ebx, 0x4b4d564bU);
}

TEST(Cpuid, AddsNoLeafBeyondTheHighest) {
  auto old = host(kIntel);
  old.front().eax = 0xa;
  EXPECT_FALSE(find(cpuid_of(old, {.id = 0, .cpus = 1, .tsc_deadline = false}), 0xb));
}

TEST(Cpuid, OfNothingIsNothing) {
  EXPECT_TRUE(cpuid_of({}, {.id = 0, .cpus = 1, .tsc_deadline = true}).empty());
}

}  // namespace
}  // namespace pvh::kvm
