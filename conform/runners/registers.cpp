#include "registers.hpp"

#include <array>
#include <optional>
#include <utility>

#include "pvh/conform/take.hpp"

namespace pvh::runners {
namespace {

std::optional<std::uint64_t> next_hex(std::string_view& text) {
  conform::skip_spaces(text);
  return conform::take_hex(text);
}

bool next_is(std::string_view& text, std::string_view word) {
  conform::skip_spaces(text);
  return conform::take(text, word);
}

/// What stands behind the last "NAME=" in the text: the newest, where it was asked more than once.
std::optional<std::string_view> behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.rfind(name);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + name.size());
}

std::optional<conform::Segment> segment_in(std::string_view text, std::string_view name) {
  auto rest = behind(text, name);
  if (!rest) return std::nullopt;
  const auto selector = next_hex(*rest);
  const bool ours = next_is(*rest, "base");
  const auto base = next_hex(*rest);
  if (ours && !next_is(*rest, "limit")) return std::nullopt;
  const auto limit = next_hex(*rest);
  if (ours && !next_is(*rest, "attributes")) return std::nullopt;
  const auto attributes = next_hex(*rest);
  if (!selector || !base || !limit || !attributes) return std::nullopt;
  // QEMU shows the descriptor's upper word.
  return conform::Segment{*selector, *base, *limit, ours ? *attributes : *attributes >> 8U & 0xf0ffU};
}

/// xen-hvmctx: "tr   0000 (          00000000 +     0x0067 /  0x008b)", the last being the attributes with
/// nothing between their two halves.
std::optional<conform::Segment> xen_segment(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + name.size());
  const auto selector = next_hex(rest);
  if (!next_is(rest, "(")) return std::nullopt;
  const auto base = next_hex(rest);
  if (!next_is(rest, "+")) return std::nullopt;
  const auto limit = next_hex(rest);
  if (!next_is(rest, "/")) return std::nullopt;
  const auto attributes = next_hex(rest);
  if (!selector || !base || !limit || !attributes) return std::nullopt;
  return conform::Segment{*selector, *base, *limit, (*attributes & 0xffU) | (*attributes & 0xf00U) << 4U};
}

void add_xen_registers(conform::Capture& capture, std::string_view text) {
  using Name = std::pair<const char*, const char*>;
  static constexpr std::array<Name, 5> kSegments{
      {{" cs ", "cs"}, {" ds ", "ds"}, {" es ", "es"}, {" ss ", "ss"}, {" tr ", "tr"}}};
  static constexpr std::array<Name, 5> kRegisters{
      {{" rax ", "eax"}, {" rflags ", "eflags"}, {" cr0 ", "cr0"}, {" cr4 ", "cr4"}, {" efer ", "efer"}}};
  for (const auto& [printed, name] : kSegments)
    if (const auto segment = xen_segment(text, printed)) capture.segments[name] = *segment;
  for (const auto& [printed, name] : kRegisters) {
    const std::size_t at = text.find(printed);
    if (at == std::string_view::npos) continue;
    std::string_view rest = text.substr(at + std::string_view(printed).size());
    if (const auto value = next_hex(rest)) capture.registers[name] = *value;
  }
}

}  // namespace

bool add_registers(conform::Capture& capture, std::string_view text) {
  using Name = std::pair<const char*, const char*>;
  static constexpr std::array<Name, 5> kSegments{
      {{"CS =", "cs"}, {"DS =", "ds"}, {"ES =", "es"}, {"SS =", "ss"}, {"TR =", "tr"}}};
  static constexpr std::array<Name, 8> kRegisters{{{"EAX=", "eax"},
                                                   {"RAX=", "eax"},
                                                   {"EFL=", "eflags"},
                                                   {"RFLAGS=", "eflags"},
                                                   {"CR0=", "cr0"},
                                                   {"CR4=", "cr4"},
                                                   {"EFER=", "efer"},
                                                   {"RFL=", "eflags"}}};
  if (const std::size_t at = text.find("HVM save record"); at != std::string_view::npos)
    add_xen_registers(capture, text.substr(at));
  for (const auto& [printed, name] : kSegments)
    if (const auto segment = segment_in(text, printed)) capture.segments[name] = *segment;
  for (const auto& [printed, name] : kRegisters) {
    auto rest = behind(text, printed);
    if (!rest) continue;
    if (const auto value = next_hex(*rest)) capture.registers[name] = *value;
  }
  return capture.segments.contains("tr") && capture.registers.contains("cr0");
}

}  // namespace pvh::runners
