#include "pvh/consumers/told.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "pvh/base/bytes.hpp"
#include "pvh/capture/take.hpp"

namespace pvh::consumers {
namespace {

using conform::take;
using conform::take_hex;
using Json = nlohmann::json;

/// The next line, without its end, which may be any mix of CR and LF.
std::optional<std::string_view> next_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// "FIRST<between>LAST": both ends inside.
std::optional<Span> take_range(std::string_view& text, std::string_view between) {
  const auto first = take_hex(text);
  if (!first || !take(text, between)) return std::nullopt;
  const auto last = take_hex(text);
  if (!last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  return Span{*first, *last + 1};
}

/// Sorted, and those that touch as one.
std::vector<Span> merged(std::vector<Span> spans) {
  std::ranges::sort(spans, {}, &Span::first);
  std::vector<Span> out;
  for (const Span& span : spans) {
    if (!out.empty() && span.first <= out.back().end)
      out.back().end = std::max(out.back().end, span.end);
    else
      out.push_back(span);
  }
  return out;
}

// ---- hello32 and hello64 ----

Told told_by_hello(std::string_view output) {
  Told told{.kind = "hello"};
  std::vector<Span> ram;
  while (const auto next = next_line(output)) {
    std::string_view line = *next;
    if (take(line, "Hello from ")) {
      told = {.kind = "hello", .command_line = std::optional<std::string>()};
      ram.clear();
    } else if (take(line, "command line: ")) {
      told.command_line = std::optional(std::string(line));
    } else if (take(line, "modules: ")) {
      std::size_t count = 0;
      const auto [rest, problem] = std::from_chars(line.data(), line.data() + line.size(), count);
      if (problem == std::errc()) told.module_count = count;
    } else if (take(line, "  0x")) {
      const auto range = take_range(line, "-0x");
      if (range && line == " RAM") ram.push_back(*range);
    } else if (line == "Goodbye") {
      told.whole = true;
      told.ram = merged(ram);
    }
  }
  return told;
}

// ---- the probe ----

std::optional<std::uint64_t> number_in(const Json& part, const char* name) {
  const auto found = part.find(name);
  return found != part.end() && found->is_number_unsigned() ? std::optional(found->get<std::uint64_t>())
                                                            : std::nullopt;
}

std::string text_in(const Json& part, const char* name) {
  const auto found = part.find(name);
  return found != part.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::byte> bytes_in(const Json& part) {
  const std::string hex = text_in(part, "hex");
  std::vector<std::byte> out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    out.push_back(static_cast<std::byte>(value));
  }
  return out;
}

/// The probe's story, part by part.
class ProbeStory {
 public:
  void add(const Json& part) {
    const std::string name = text_in(part, "part");
    if (name == "memory") {
      const std::vector<std::byte> bytes = bytes_in(part);
      auto& whole = memory_[text_in(part, "of") + std::to_string(index_)];
      whole.insert(whole.end(), bytes.begin(), bytes.end());
    } else if (name == "string") {
      index_ = number_in(part, "index").value_or(0);
      if (text_in(part, "of") == "command_line") line_ = true;
    } else if (name == "module") {
      index_ = number_in(part, "index").value_or(0);
      modules_.push_back({.size = number_in(part, "size").value_or(0),
                          .crc32 = static_cast<std::uint32_t>(number_in(part, "crc32").value_or(0))});
    } else if (name == "acpi") {
      index_ = 0;
      told_.acpi = number_in(part, "rsdp").value_or(0) != 0;
    } else if (name == "end") {
      const auto magic = part.find("magic");
      told_.whole = magic != part.end() && magic->is_boolean() && magic->get<bool>();
    } else {
      index_ = 0;
    }
  }

  Told finish() {
    told_.kind = "probe";
    told_.ram = ram();
    told_.command_line = line_ ? std::optional(string("command_line", 0)) : std::nullopt;
    for (std::size_t i = 0; i < modules_.size(); ++i)
      if (memory_.contains("module_command_line" + std::to_string(i)))
        modules_[i].command_line = string("module_command_line", i);
    told_.module_count = modules_.size();
    told_.modules = std::move(modules_);
    return std::move(told_);
  }

 private:
  std::string string(const std::string& of, std::size_t index) {
    std::string text(as_text(memory_[of + std::to_string(index)]));
    return text.substr(0, text.find('\0'));
  }
  std::vector<Span> ram() {
    const std::vector<std::byte>& table = memory_["memory_map0"];
    std::vector<RawEntry> entries;
    for (std::size_t at = 0; at + 24 <= table.size(); at += 24)
      entries.push_back({read_le<std::uint64_t>(table, at).value_or(0),
                         read_le<std::uint64_t>(table, at + 8).value_or(0),
                         read_le<std::uint32_t>(table, at + 16).value_or(0), 0});
    return ram_of(entries);
  }

  Told told_;
  bool line_ = false;
  std::uint64_t index_ = 0;
  std::vector<ModuleTold> modules_;
  std::map<std::string, std::vector<std::byte>> memory_;
};

Told told_by_probe(std::string_view output) {
  ProbeStory story;
  while (const auto line = next_line(output)) {
    if (!line->starts_with("{\"pvh_probe\":1,")) continue;
    const Json part = Json::parse(*line, nullptr, false);
    if (part.is_object()) story.add(part);
  }
  return story.finish();
}

// ---- Linux: what our linux_init says, else its own messages at its start ----

/// Linux's words for RAM in its messages and in its files.
constexpr std::array<std::string_view, 2> kUsable{"usable", "System RAM"};

bool is_usable(std::string_view word) {
  return std::ranges::find(kUsable, word) != kUsable.end();
}

/// A message's text, without its time.
std::string_view message_in(std::string_view line) {
  if (!line.starts_with('[')) return line;
  const std::size_t end = line.find("] ");
  return end == std::string_view::npos ? line : line.substr(end + 2);
}

/// Where a Linux without a root file system ends, as one without an initial RAM disk does.
bool is_end_without_disk(std::string_view message) {
  return message.find("VFS: Unable to mount root fs") != std::string_view::npos ||
         message.starts_with("Run /init as init process");
}

Told told_by_linux(std::string_view output) {
  Told told{.kind = "linux"};
  std::vector<Span> messages;
  std::vector<Span> memmap;
  std::vector<Span> iomem;
  bool our_init = false;
  while (const auto next = next_line(output)) {
    std::string_view line = *next;
    if (take(line, "@linux ")) {
      our_init = true;
    } else if (take(line, "@cmdline ")) {
      told.command_line = std::optional(std::string(line));
    } else if (take(line, "@memmap ")) {
      const auto range = take_range(line, " ");
      if (range && take(line, " ") && is_usable(line)) memmap.push_back(*range);
    } else if (take(line, "@iomem ")) {
      if (const auto range = take_range(line, "-")) iomem.push_back(*range);
    } else if (line == "@end") {
      told.whole = true;
      told.ram = merged(memmap);
      told.in_use = merged(iomem);
    } else if (std::string_view text = message_in(line); take(text, "BIOS-e820: [mem ")) {
      const auto range = take_range(text, "-");
      if (range && take(text, "] ") && is_usable(text)) messages.push_back(*range);
    } else if (take(text, "Command line: ") && !told.command_line) {
      told.command_line = std::optional(std::string(text));
    } else if (is_end_without_disk(text) && !our_init) {
      told.whole = true;
    }
  }
  if (!told.ram && !messages.empty()) told.ram = merged(messages);
  return told;
}

}  // namespace

Told told_by(std::string_view output) {
  if (output.find("{\"pvh_probe\":1,") != std::string_view::npos) return told_by_probe(output);
  if (output.find("Hello from ") != std::string_view::npos) return told_by_hello(output);
  if (output.find("Linux version ") != std::string_view::npos ||
      output.find("@linux ") != std::string_view::npos)
    return told_by_linux(output);
  return {};
}

}  // namespace pvh::consumers
