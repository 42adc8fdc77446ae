#include "x86/cpuid.hpp"

#include <algorithm>
#include <bit>

namespace pvh::kvm {

namespace {

// Leaf 1.
constexpr std::uint32_t kTscDeadline = 1U << 24U;    // ecx
constexpr std::uint32_t kHypervisor = 1U << 31U;     // ecx
constexpr std::uint32_t kManyInPackage = 1U << 28U;  // edx: HTT
// Leaf 0x80000001, AMD.
constexpr std::uint32_t kLegacyManyCores = 1U << 1U;  // ecx

constexpr std::uint32_t kTopologyLeaf = 0xb;
constexpr std::uint32_t kNewTopologyLeaf = 0x1f;
constexpr std::uint32_t kThreadLevel = 1U << 8U;
constexpr std::uint32_t kCoreLevel = 2U << 8U;

/// `word` with `count` bits from `shift` on replaced; too large a value becomes the largest.
std::uint32_t with_bits(std::uint32_t word, unsigned shift, unsigned count, std::uint32_t value) {
  const std::uint32_t most = (1U << count) - 1;
  return (word & ~(most << shift)) | std::min(value, most) << shift;
}

/// Bits of an APIC id that tell the CPUs of the package apart.
std::uint32_t id_bits(std::uint32_t cpus) {
  return static_cast<std::uint32_t>(std::bit_width(cpus - 1));
}

/// A cache in leaf 4 (Intel) or 0x8000001d (AMD): the third level is everybody's, the others a core's own.
void share_cache(kvm_cpuid_entry2& leaf, std::uint32_t cpus) {
  const std::uint32_t type = leaf.eax & 0x1fU;
  if (type == 0) return;
  const std::uint32_t level = leaf.eax >> 5U & 7U;
  leaf.eax = with_bits(leaf.eax, 14, 12, level >= 3 ? cpus - 1 : 0);
}

void adapt(kvm_cpuid_entry2& leaf, const CpuIdentity& cpu, bool amd) {
  switch (leaf.function) {
    case 0x1:
      leaf.ebx = with_bits(leaf.ebx, 24, 8, cpu.id);
      leaf.ebx = with_bits(leaf.ebx, 16, 8, std::bit_ceil(cpu.cpus));
      leaf.ecx |= kHypervisor | (cpu.tsc_deadline ? kTscDeadline : 0);
      leaf.edx = (leaf.edx & ~kManyInPackage) | (cpu.cpus > 1 ? kManyInPackage : 0);
      break;
    case 0x4:
      share_cache(leaf, cpu.cpus);
      if ((leaf.eax & 0x1fU) != 0) leaf.eax = with_bits(leaf.eax, 26, 6, std::bit_ceil(cpu.cpus) - 1);
      break;
    case 0x80000001:
      if (amd) leaf.ecx = (leaf.ecx & ~kLegacyManyCores) | (cpu.cpus > 1 ? kLegacyManyCores : 0);
      break;
    case 0x80000008:
      if (!amd) break;
      leaf.ecx = with_bits(leaf.ecx, 0, 8, cpu.cpus - 1);
      leaf.ecx = with_bits(leaf.ecx, 12, 4, id_bits(cpu.cpus));
      break;
    case 0x8000001d:
      share_cache(leaf, cpu.cpus);
      break;
    case 0x8000001e:
      if (!amd) break;
      leaf.eax = cpu.id;
      leaf.ebx = with_bits(0, 0, 8, cpu.id);  // this core; one thread a core
      leaf.ecx = 0;                           // node 0, and there is one
      break;
    default:
      break;
  }
}

bool is_amd(std::span<const kvm_cpuid_entry2> leaves) {
  constexpr std::uint32_t kAuth = 0x68747541;  // "Auth", of AuthenticAMD
  constexpr std::uint32_t kHygo = 0x6f677948;  // "Hygo", of HygonGenuine
  const auto first = std::ranges::find(leaves, 0U, &kvm_cpuid_entry2::function);
  return first != leaves.end() && (first->ebx == kAuth || first->ebx == kHygo);
}

std::uint32_t highest_leaf(std::span<const kvm_cpuid_entry2> leaves) {
  const auto first = std::ranges::find(leaves, 0U, &kvm_cpuid_entry2::function);
  return first == leaves.end() ? 0 : first->eax;
}

kvm_cpuid_entry2 topology(std::uint32_t index, std::uint32_t kind, std::uint32_t shift, std::uint32_t count,
                          std::uint32_t id) {
  kvm_cpuid_entry2 leaf{};
  leaf.function = kTopologyLeaf;
  leaf.index = index;
  leaf.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
  leaf.eax = shift;
  leaf.ebx = count;
  leaf.ecx = kind | index;
  leaf.edx = id;
  return leaf;
}

}  // namespace

std::vector<kvm_cpuid_entry2> cpuid_of(std::span<const kvm_cpuid_entry2> supported, const CpuIdentity& cpu) {
  const bool amd = is_amd(supported);
  std::vector<kvm_cpuid_entry2> leaves;
  leaves.reserve(supported.size() + 2);
  for (const kvm_cpuid_entry2& leaf : supported) {
    // The host's topology, where KVM passes it on, is not the guest's.
    if (leaf.function == kTopologyLeaf || leaf.function == kNewTopologyLeaf) continue;
    leaves.push_back(leaf);
    adapt(leaves.back(), cpu, amd);
  }
  if (highest_leaf(supported) >= kTopologyLeaf) {
    leaves.push_back(topology(0, kThreadLevel, 0, 1, cpu.id));
    leaves.push_back(topology(1, kCoreLevel, id_bits(cpu.cpus), cpu.cpus, cpu.id));
  }
  return leaves;
}

}  // namespace pvh::kvm
