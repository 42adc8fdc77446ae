// What the probe printed (guest/kernels/README.md), as a capture.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "hex.hpp"
#include "pvh/capture/capture.hpp"
#include "pvh/capture/evidence.hpp"
#include "pvh/capture/text.hpp"

namespace pvh::conform {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kProbeFormat = 1;

std::uint64_t number(const Json& part, const char* name) {
  const auto found = part.find(name);
  return found != part.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<bool> boolean(const Json& part, const char* name) {
  const auto found = part.find(name);
  if (found == part.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::string text(const Json& part, const char* name) {
  const auto found = part.find(name);
  return found != part.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void add_begin(Capture& capture, const Json& part) {
  Image image{.at = number(part, "image"), .linked = number(part, "linked")};
  if (part.contains("entry")) image.entry = number(part, "entry");
  if (part.contains("size")) image.size = number(part, "size");
  image.zeroed = boolean(part, "zeroed");
  image.movable = boolean(part, "movable");
  capture.image = image;
}

void add_registers(Capture& capture, const Json& part) {
  for (const auto& [name, value] : part.items())
    if (name != "pvh_probe" && value.is_number_unsigned())
      capture.registers[name] = value.get<std::uint64_t>();
}

struct Shown {
  std::uint64_t at;
  std::vector<std::byte> bytes;
};

/// What is told twice, and differently, is kept as it was told first.
template <class T>
void add_once(std::vector<T>& list, std::set<std::pair<std::uint64_t, std::uint64_t>>& known,
              std::uint64_t key, const T& told) {
  if (known.emplace(told.at, key).second) list.push_back(told);
}

/// A story's parts, until all of them are there.
struct Parts {
  std::vector<Shown> memory = {};
  std::uint64_t shown = 0;  ///< bytes
  std::uint64_t count = 0;
  bool lost = false;  ///< something on its way here
  std::set<std::pair<std::uint64_t, std::uint64_t>> strings = {};
  std::set<std::pair<std::uint64_t, std::uint64_t>> checksums = {};
};

void add_part(Capture& capture, Parts& parts, const Json& part) {
  constexpr std::uint64_t kMostShown = 4 * kMiB;  // what a capture may hold
  const std::string kind = text(part, "part");
  const std::uint64_t at = number(part, "at");
  const auto add_checksum = [&](std::uint64_t size) {
    if (part.contains("crc32") && number(part, "checked") == size)
      add_once(capture.checksums, parts.checksums, size,
               {at, size, static_cast<std::uint32_t>(number(part, "crc32"))});
  };
  if (kind == "begin") add_begin(capture, part);
  if (kind == "cpu") add_registers(capture, part);
  if (kind == "module") add_checksum(number(part, "size"));
  if (kind == "ram")
    capture.ram.push_back({at, number(part, "size"), number(part, "places"), number(part, "failed"),
                           number(part, "first_failed")});
  if (kind == "rsdp_elsewhere") capture.rsdp_elsewhere.push_back(at);
  const bool readable = boolean(part, "readable").value_or(true);
  if (!readable && number(part, "length") == 0) capture.unreadable.push_back(at);
  const bool terminated = boolean(part, "terminated").value_or(false);
  // Where it gave up, having looked at as much as it looks at in all, it does not know the length.
  const bool gave_up = readable && !terminated && number(part, "length") < kProbeLooks;
  if (kind == "string" && !gave_up && (readable || number(part, "length") != 0)) {
    add_checksum(number(part, "length"));
    add_once(capture.strings, parts.strings, 0, {at, number(part, "length"), terminated});
  }
  if (kind != "memory") return;
  auto bytes = from_hex(text(part, "hex"));
  if (!bytes || parts.shown + bytes->size() > kMostShown) return;
  // Where the line lost some on its way, what is behind them is not at the addresses that it seems to be at.
  if (part.contains("size") && number(part, "size") != bytes->size()) {
    parts.lost = true;
    return;
  }
  parts.shown += bytes->size();
  parts.memory.push_back({at, std::move(*bytes)});
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Outcome judged_by_its_end(Capture& capture, const Parts& parts, bool begun, bool ended,
                          std::string_view output) {
  if (begun && ended && parts.lost) {
    capture.words = "a part of the guest's story was lost on its way";
    return Outcome::kGarbage;
  }
  if (begun && ended) return Outcome::kCaptured;
  if (begun) {
    capture.words = "the guest's story breaks off";
    return Outcome::kDied;
  }
  capture.words = output.empty() ? "the guest printed nothing"
                                 : "the guest printed " + quote(output) + ", which is not the probe's story";
  return output.empty() ? Outcome::kDied : Outcome::kGarbage;
}

}  // namespace

Capture capture_of(std::string_view output, const Case& asked) {
  Capture capture;
  capture.asked = asked;
  Parts parts;
  bool begun = false;
  bool ended = false;
  for (std::string_view rest = output; !rest.empty() && !ended;) {
    // A monitor may print before the guest does, and on the same line.
    std::string_view line = take_line(rest);
    const std::size_t start = line.find("{\"pvh_probe\"");
    if (start == std::string_view::npos) continue;
    const Json part = Json::parse(line.substr(start), nullptr, false);
    if (!part.is_object() || number(part, "pvh_probe") != kProbeFormat) continue;
    begun = begun || text(part, "part") == "begin";
    ended = begun && text(part, "part") == "end";
    if (!begun) continue;
    if (text(part, "part") == "begin") parts.count = 0;  // of a guest that was reset, the last story is whole
    ++parts.count;
    parts.lost = parts.lost || (ended && part.contains("parts") && number(part, "parts") != parts.count);
    add_part(capture, parts, part);
  }
  // The guest changes what it looks at only where two structures lie over each other, and then PLACE-1 tells.
  std::ranges::sort(parts.memory, {}, &Shown::at);
  for (const Shown& piece : parts.memory)
    static_cast<void>(add_memory(capture.memory, piece.at, piece.bytes));
  capture.outcome = judged_by_its_end(capture, parts, begun, ended, output);
  return capture;
}

}  // namespace pvh::conform
