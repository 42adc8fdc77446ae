// What the probe printed (kernels/README.md), as a capture.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hex.hpp"
#include "judgements.hpp"
#include "pvh/conform/capture.hpp"

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

/// False where the bytes contradict others.
bool add_part(Capture& capture, const Json& part) {
  const std::string kind = text(part, "part");
  const std::uint64_t at = number(part, "at");
  const auto add_checksum = [&](std::uint64_t size) {
    if (part.contains("crc32") && number(part, "checked") == size)
      capture.checksums.push_back({at, size, static_cast<std::uint32_t>(number(part, "crc32"))});
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
  if (kind == "string" && (readable || number(part, "length") != 0)) {
    add_checksum(number(part, "length"));
    capture.strings.push_back({at, number(part, "length"), boolean(part, "terminated").value_or(false)});
  }
  if (kind != "memory") return true;
  const auto bytes = from_hex(text(part, "hex"));
  return !bytes || add_memory(capture.memory, at, *bytes);
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Outcome judged_by_its_end(Capture& capture, bool begun, bool ended, std::string_view output) {
  if (begun && ended) return Outcome::kCaptured;
  if (begun) {
    capture.words = "the guest's story breaks off";
    return Outcome::kDied;
  }
  capture.words = output.empty() ? "the guest printed nothing"
                                 : "the guest printed " + quoted(output) + ", which is not the probe's story";
  return output.empty() ? Outcome::kDied : Outcome::kGarbage;
}

}  // namespace

Capture capture_of(std::string_view output, const Case& asked) {
  Capture capture;
  capture.asked = asked;
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
    // The guest changes what it looks at only where two structures lie over each other, and then PLACE-1
    // tells.
    if (begun) static_cast<void>(add_part(capture, part));
  }
  capture.outcome = judged_by_its_end(capture, begun, ended, output);
  return capture;
}

}  // namespace pvh::conform
