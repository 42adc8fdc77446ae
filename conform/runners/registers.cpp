#include "registers.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace pvh::runners {
namespace {

/// Reads hexadecimal digits, and moves behind them.
std::optional<std::uint64_t> take_hex(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (problem != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return value;
}

bool skip_word(std::string_view& text, std::string_view word) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
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
  const auto selector = take_hex(*rest);
  const bool ours = skip_word(*rest, "base");
  const auto base = take_hex(*rest);
  if (ours && !skip_word(*rest, "limit")) return std::nullopt;
  const auto limit = take_hex(*rest);
  if (ours && !skip_word(*rest, "attributes")) return std::nullopt;
  const auto attributes = take_hex(*rest);
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
  const auto selector = take_hex(rest);
  if (!skip_word(rest, "(")) return std::nullopt;
  const auto base = take_hex(rest);
  if (!skip_word(rest, "+")) return std::nullopt;
  const auto limit = take_hex(rest);
  if (!skip_word(rest, "/")) return std::nullopt;
  const auto attributes = take_hex(rest);
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
    if (const auto value = take_hex(rest)) capture.registers[name] = *value;
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
    if (const auto value = take_hex(*rest)) capture.registers[name] = *value;
  }
  return capture.segments.contains("tr") && capture.registers.contains("cr0");
}

}  // namespace pvh::runners
