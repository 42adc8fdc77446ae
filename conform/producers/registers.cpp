#include "registers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "pvh/capture/take.hpp"

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

/// What was asked last, and is not answered.
enum class Asked : std::uint8_t { kNothing, kStatus, kRegisters, kEnd };

class RegisterTalk {
 public:
  std::string operator()(std::string_view output) {
    const std::string_view answer = output.substr(std::min(heard_, output.size()));
    switch (asked_) {
      case Asked::kNothing:
        return Clock::now() < next_ ? "" : ask(Asked::kStatus, output, "info status\n");
      case Asked::kStatus:
        return after_status(answer, output);
      case Asked::kRegisters:
        // EFER is the last that we read; then comes the prompt.
        if (const std::size_t at = answer.find("EFER="); answer.find(kPrompt, at) == std::string_view::npos)
          return "";
        return ask(Asked::kEnd, output, "quit\n");
      case Asked::kEnd:
        break;
    }
    return "";
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::string_view kPrompt = "(qemu) ";

  std::string ask(Asked what, std::string_view heard, std::string_view words) {
    asked_ = what;
    heard_ = heard.size();
    return std::string(words);
  }

  std::string after_status(std::string_view answer, std::string_view output) {
    const std::size_t at = answer.find("VM status: ");
    if (at == std::string_view::npos || answer.find(kPrompt, at) == std::string_view::npos) return "";
    const std::string_view status = answer.substr(at, answer.find('\n', at) - at);
    const bool stopped =
        status.find("paused") != std::string_view::npos &&
        status.find("prelaunch") == std::string_view::npos;  // that is before the first instruction
    if (stopped) return ask(Asked::kRegisters, output, "info registers\n");
    next_ = Clock::now() + std::chrono::milliseconds(50);
    return ask(Asked::kNothing, output, "");
  }

  Asked asked_ = Asked::kNothing;
  std::size_t heard_ = 0;  ///< of the output, before the question
  Clock::time_point next_ = {};
};

}  // namespace

Talk ask_registers() {
  return RegisterTalk();
}

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
