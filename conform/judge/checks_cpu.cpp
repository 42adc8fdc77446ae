// CPU: the state at the entry point.
#include <array>

#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

constexpr std::uint64_t kProtection = 0x1;        // cr0.PE
constexpr std::uint64_t kExtensionType = 0x10;    // cr0.ET: a constant on processors of today
constexpr std::uint64_t kLongModeActive = 0x400;  // efer.LMA
constexpr std::uint64_t kTrap = 0x100;
constexpr std::uint64_t kInterrupts = 0x200;
constexpr std::uint64_t kVirtual8086 = 0x20000;
constexpr std::uint64_t kWholeSpace = 0xffffffff;
constexpr std::uint64_t kTssLimit = 0x67;

// Attribute words: what must be set or clear, and what may be either.
constexpr std::uint64_t kPresent = 0x80;
constexpr std::uint64_t kLevel = 0x60;
constexpr std::uint64_t kNotSystem = 0x10;
constexpr std::uint64_t kCode = 0x8;
constexpr std::uint64_t kConformingOrDown = 0x4;
constexpr std::uint64_t kReadableOrWritable = 0x2;
constexpr std::uint64_t kBits32 = 0x4000;
constexpr std::uint64_t kPages = 0x8000;  // what the limit counts; one of 0x67 counts bytes
constexpr std::uint64_t kBits64 = 0x2000;

/// The descriptor that a selector names in the table that the guest found; nothing where it is not there: a
/// producer need not leave a table behind (CPU-6).
std::optional<Segment> from_table(const Evidence& evidence, std::uint64_t selector) {
  const auto base = evidence.register_named("gdt_base");
  const auto limit = evidence.register_named("gdt_limit");
  const std::uint64_t offset = selector & ~std::uint64_t{7};
  if (!base || !limit || selector > 0xffff || offset == 0 || (selector & 4) != 0 || offset + 7 > *limit)
    return std::nullopt;
  const auto bytes = evidence.bytes(*base + offset, 8);
  if (!bytes) return std::nullopt;
  const std::uint64_t raw = read_le<std::uint64_t>(*bytes, 0).value_or(0);
  const std::uint64_t attributes = raw >> 40U & 0xf0ffU;
  if ((attributes & kPresent) == 0) return std::nullopt;
  const std::uint64_t small = (raw & 0xffffU) | (raw >> 48U & 0xfU) << 16U;
  return Segment{.selector = selector,
                 .base = (raw >> 16U & 0xffffffU) | raw >> 56U << 24U,
                 .limit = (attributes & 0x8000U) != 0 ? small << 12U | 0xfffU : small,
                 .attributes = attributes};
}

std::optional<Segment> segment(const Evidence& evidence, const std::string& name) {
  const auto told = evidence.capture.segments.find(name);
  if (told != evidence.capture.segments.end()) return told->second;
  const auto selector = evidence.register_named(name);
  return selector ? from_table(evidence, *selector) : std::nullopt;
}

std::string segment_text(const std::string& name, const Segment& segment) {
  return fmt::format("{} {:#x}: base {:#x}, limit {:#x}, attributes {:#x}", name, segment.selector,
                     segment.base, segment.limit, segment.attributes);
}

bool is_flat(const Segment& segment, bool code) {
  const std::uint64_t set = kPresent | kNotSystem | kReadableOrWritable | kBits32 | (code ? kCode : 0);
  const std::uint64_t clear = kLevel | kBits64 | (code ? 0 : kCode | kConformingOrDown);
  return segment.base == 0 && segment.limit == kWholeSpace && (segment.attributes & set) == set &&
         (segment.attributes & clear) == 0;
}

constexpr std::uint64_t kAvailableTss = 0x9;
constexpr std::uint64_t kActiveTss = 0xb;

std::uint64_t system_type(const Segment& segment) {
  return segment.attributes & 0x1f;
}

bool is_tss(const Segment& segment) {
  const std::uint64_t type = system_type(segment);
  return (type == kActiveTss || type == kAvailableTss) && (segment.attributes & kPresent) != 0 &&
         (segment.attributes & kPages) == 0;
}

}  // namespace

Judgement cpu_1(const Evidence& evidence) {
  const std::string owed = "ebx = the address of the start info";
  const auto ebx = evidence.register_named("ebx");
  if (!ebx) return not_seen("the capture does not show ebx", owed);
  const std::string seen = fmt::format("ebx = {:#x}", *ebx);
  if (evidence.known) return pass(seen, owed);
  if (evidence.unreadable(*ebx)) return broken(seen + ", where nothing can be read", owed);
  if (!evidence.info) return not_seen("the capture does not show what lies where ebx points", owed);
  if (command_line_at_ebx(evidence))
    return not_seen("the command line lies where ebx points (START-5)", owed);
  if (const auto elsewhere = start_info_elsewhere(evidence))
    return broken(fmt::format("{}, while the start info lies at {:#x}", seen, *elsewhere), owed);
  // A structure with a wrong magic is START-1's.
  if (looks_like_start_info(*evidence.info)) return pass(seen, owed);
  return broken(seen + ", where no start info lies", owed);
}

Judgement cpu_2(const Evidence& evidence) {
  const std::string owed = "cr0 0x11 or 0x1, cr4 0, EFER.LMA 0";
  const auto cr0 = evidence.register_named("cr0");
  const auto cr4 = evidence.register_named("cr4");
  // Without paging LMA is 0 on any processor: EFER can only confirm it.
  const auto efer = evidence.register_named("efer");
  const auto shown = [](const auto& value) { return value ? fmt::format("{:#x}", *value) : "not shown"; };
  const std::string seen = fmt::format("cr0 {}, cr4 {}, efer {}", shown(cr0), shown(cr4), shown(efer));
  const bool good = (cr0.value_or(kProtection) & ~kExtensionType) == kProtection && cr4.value_or(0) == 0 &&
                    (efer.value_or(0) & kLongModeActive) == 0;
  if (!good) return broken(seen, owed);
  return cr0 && cr4 ? pass(seen, owed) : not_seen(seen, owed);
}

Judgement cpu_3(const Evidence& evidence) {
  const std::string owed =
      "32-bit segments, base 0, limit 0xffffffff: cs execute/read, ds, es, ss read/write";
  std::string seen;
  bool all = true;
  for (const char* name : {"cs", "ds", "es", "ss"}) {
    const auto found = segment(evidence, name);
    all = all && found.has_value();
    if (!found) continue;
    if (!is_flat(*found, std::string_view(name) == "cs")) return broken(segment_text(name, *found), owed);
    seen = segment_text(name, *found);
  }
  if (!all) return not_seen("the descriptors are not where the guest can look at them", owed);
  return pass("all four flat; " + seen, owed);
}

Judgement cpu_4(const Evidence& evidence) {
  const std::string owed = "an active 32-bit TSS, base 0, limit 0x67";
  const auto found = segment(evidence, "tr");
  if (!found) return not_seen("the task register's descriptor is not where the guest can look at it", owed);
  const std::string seen = segment_text("tr", *found);
  if (!is_tss(*found) || found->base != 0 || found->limit != kTssLimit) return broken(seen, owed);
  // `ltr` would have made it active: a table in which it is available says nothing of how the register was
  // loaded, and emulators that keep the descriptor as it was before `ltr` tell no more.
  if (system_type(*found) == kAvailableTss)
    return not_seen(seen + ", available; whether the register's is active is not shown", owed);
  return pass(seen, owed);
}

Judgement cpu_5(const Evidence& evidence) {
  const std::string owed = "VM, IF and TF clear";
  const auto flags = evidence.register_named("eflags");
  if (!flags) return not_seen("the capture does not show eflags", owed);
  const std::string seen = fmt::format("eflags {:#x}", *flags);
  return (*flags & (kVirtual8086 | kInterrupts | kTrap)) == 0 ? pass(seen, owed) : broken(seen, owed);
}

}  // namespace pvh::conform
