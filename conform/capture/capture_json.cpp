// The capture as JSON, both ways. Reading trusts nothing: each member has a type and a bound, and an error
// names it by its path.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "hex.hpp"
#include "json_outline.hpp"
#include "pvh/capture/capture.hpp"

namespace pvh::conform {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

/// The most elements of any list, and the most bytes of guest memory.
constexpr std::uint64_t kMostElements = 65536;
constexpr std::uint64_t kMostStrings = 4096;
constexpr std::uint64_t kMostMemory = 4 * kMiB;

constexpr auto kOutcomes =
    std::to_array<std::pair<Outcome, std::string_view>>({{Outcome::kCaptured, "captured"},
                                                         {Outcome::kRefused, "refused"},
                                                         {Outcome::kDied, "died"},
                                                         {Outcome::kHung, "hung"},
                                                         {Outcome::kGarbage, "garbage"}});

std::string kind_of(const Json& value) {
  if (value.is_number_unsigned()) return fmt::format("{}", value.get<std::uint64_t>());
  if (value.is_number() || value.is_boolean() || value.is_null()) return value.dump();
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return "an object";
  const auto& text = value.get_ref<const std::string&>();
  return text.size() <= 40 ? "the text '" + text + "'" : fmt::format("a text of {} bytes", text.size());
}

/// Reads members of one object; the first thing wrong is kept, and everything after it reads as absent.
class Reader {
 public:
  Reader(std::optional<Error>& error, const WrittenNumbers& written) : error_(error), written_(written) {}

  void wrong(const std::string& path, std::string found, std::string wanted) {
    if (error_) return;
    error_ = Error{.what = Fault::kCaptureMember,
                   .subject = path,
                   .found = std::move(found),
                   .wanted = std::move(wanted)};
  }

  /// The member, or null where it is absent or an error was met.
  const Json* member(const Json& object, const std::string& path, const char* name, bool needed) {
    if (error_) return nullptr;
    const auto found = object.find(name);
    if (found != object.end()) return &*found;
    if (needed) wrong(join(path, name), "missing", "there");
    return nullptr;
  }

  std::optional<std::uint64_t> number(const Json& object, const std::string& path, const char* name,
                                      bool needed, std::uint64_t most = UINT64_MAX) {
    const Json* value = member(object, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() <= most)
      return value->get<std::uint64_t>();
    const auto written = written_.find(join(path, name));
    wrong(join(path, name), written == written_.end() ? kind_of(*value) : written->second,
          fmt::format("a whole number from 0 to {}", most));
    return std::nullopt;
  }

  std::optional<std::string> text(const Json& object, const std::string& path, const char* name,
                                  bool needed) {
    const Json* value = member(object, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    wrong(join(path, name), kind_of(*value), "a text");
    return std::nullopt;
  }

  std::optional<bool> boolean(const Json& object, const std::string& path, const char* name, bool needed) {
    const Json* value = member(object, path, name, needed);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    wrong(join(path, name), kind_of(*value), "true or false");
    return std::nullopt;
  }

  const Json* object(const Json& parent, const std::string& path, const char* name) {
    const Json* value = member(parent, path, name, false);
    if (value == nullptr || value->is_object()) return value;
    wrong(join(path, name), kind_of(*value), "an object");
    return nullptr;
  }

  /// Calls `each(element, its path)` for the objects of a list.
  template <class Each>
  void list(const Json& parent, const std::string& path, const char* name, std::uint64_t most, Each each) {
    const Json* value = member(parent, path, name, false);
    if (value == nullptr) return;
    if (!value->is_array() || value->size() > most)
      return wrong(join(path, name), kind_of(*value), fmt::format("a list of at most {}", most));
    for (std::size_t i = 0; i < value->size() && !error_; ++i) {
      const std::string at = fmt::format("{}[{}]", join(path, name), i);
      const Json& element = (*value)[i];
      if (!element.is_object()) return wrong(at, kind_of(element), "an object");
      each(element, at);
    }
  }

  [[nodiscard]] bool failed() const { return error_.has_value(); }

  static std::string join(const std::string& path, std::string_view name) { return joined_path(path, name); }

 private:
  std::optional<Error>& error_;
  const WrittenNumbers& written_;
};

Clause read_clause(Reader& reader, const Json& json, const std::string& path, const char* name, bool needed) {
  const auto text = reader.text(json, path, name, needed);
  if (!text) return Clause::kNone;
  const auto clause = clause_named(*text);
  if (!clause)
    reader.wrong(Reader::join(path, name), "the text '" + *text + "'", "the id of a clause, such as MAP-3");
  return clause.value_or(Clause::kNone);
}

/// What the kernel's file says of where it starts and lies.
void read_notes(Reader& reader, const Json& json, const std::string& path, Case& out) {
  out.bootable = reader.boolean(json, path, "bootable", false).value_or(true);
  if (!out.bootable && out.about == Clause::kNone)
    reader.wrong(path + ".about", "nothing", "the clause for which this kernel is no bootable one");
  out.entry = reader.number(json, path, "entry", false);
  reader.list(json, path, "wrong_entries", kMostStrings, [&](const Json& wrong, const std::string& at) {
    out.wrong_entries.push_back({.at = reader.number(wrong, at, "at", true).value_or(0),
                                 .clause = read_clause(reader, wrong, at, "clause", true)});
  });
  if (!json.contains("relocation")) return;
  const std::string at = Reader::join(path, "relocation");
  if (const Json* note = reader.object(json, path, "relocation"))
    out.relocation = {.alignment = reader.number(*note, at, "alignment", true).value_or(0),
                      .lowest = reader.number(*note, at, "lowest", true).value_or(0),
                      .highest = reader.number(*note, at, "highest", true).value_or(0)};
}

Case read_case(Reader& reader, const Json& json, const std::string& path) {
  Case out;
  out.name = reader.text(json, path, "name", false).value_or("");
  out.about = read_clause(reader, json, path, "about", false);
  out.kernel = reader.text(json, path, "kernel", false).value_or(out.kernel);
  out.memory = reader.number(json, path, "memory", false);
  out.cpus = reader.number(json, path, "cpus", false);
  out.acpi = reader.boolean(json, path, "acpi", false);
  out.command_line = reader.text(json, path, "command_line", false);
  out.map_entries = reader.number(json, path, "map_entries", false);
  out.fits = reader.boolean(json, path, "fits", false).value_or(true);
  read_notes(reader, json, path, out);
  if (!json.contains("modules")) return out;
  auto& modules = out.modules.emplace();
  reader.list(json, path, "modules", kMostElements, [&](const Json& module, const std::string& at) {
    const auto sum = reader.number(module, at, "crc32", false, UINT32_MAX);
    ModuleAsked asked;
    asked.size = reader.number(module, at, "size", true).value_or(0);
    if (sum) asked.crc32 = static_cast<std::uint32_t>(*sum);
    asked.command_line = reader.text(module, at, "command_line", false);
    modules.push_back(std::move(asked));
  });
  return out;
}

Image read_image(Reader& reader, const Json& json) {
  const std::string path = "image";
  return {.at = reader.number(json, path, "at", true).value_or(0),
          .linked = reader.number(json, path, "linked", true).value_or(0),
          .entry = reader.number(json, path, "entry", false),
          .size = reader.number(json, path, "size", false),
          .zeroed = reader.boolean(json, path, "zeroed", false),
          .movable = reader.boolean(json, path, "movable", false)};
}

bool is_selector(std::string_view name) {
  constexpr auto kSelectors = std::to_array<std::string_view>({"cs", "ds", "es", "ss", "tr"});
  return std::ranges::find(kSelectors, name) != kSelectors.end();
}

void read_cpu(Reader& reader, const Json& json, Capture& out) {
  if (const Json* registers = reader.object(json, "", "registers")) {
    for (const auto& [name, unused] : registers->items()) {
      // What is followed has its own width; others are as wide as whoever told of them had them.
      const std::uint64_t most = name == "gdt_limit" || is_selector(name) ? UINT16_MAX
                                 : name == "ebx" || name == "gdt_base"    ? UINT32_MAX
                                                                          : UINT64_MAX;
      const auto value = reader.number(*registers, "registers", name.c_str(), true, most);
      if (!value) return;
      out.registers[name] = *value;
    }
  }
  if (const Json* segments = reader.object(json, "", "segments")) {
    for (const auto& [name, value] : segments->items()) {
      const std::string path = "segments." + name;
      if (!value.is_object()) return reader.wrong(path, kind_of(value), "an object");
      const Segment segment{
          .selector = reader.number(value, path, "selector", true, UINT16_MAX).value_or(0),
          .base = reader.number(value, path, "base", true).value_or(0),
          .limit = reader.number(value, path, "limit", true, UINT32_MAX).value_or(0),
          .attributes = reader.number(value, path, "attributes", true, UINT16_MAX).value_or(0)};
      const auto selector = out.registers.find(name);
      if (selector != out.registers.end() && selector->second != segment.selector)
        reader.wrong(path + ".selector", fmt::format("{}", segment.selector),
                     fmt::format("{}, as in registers.{}", selector->second, name));
      out.segments[name] = segment;
    }
  }
}

void read_memory(Reader& reader, const Json& json, Capture& out) {
  struct Shown {
    std::uint64_t at;
    std::vector<std::byte> bytes;
    std::string path;
  };
  std::vector<Shown> all;
  std::uint64_t total = 0;
  reader.list(json, "", "memory", kMostElements, [&](const Json& piece, const std::string& path) {
    const auto at = reader.number(piece, path, "at", true);
    const auto hex = reader.text(piece, path, "hex", true);
    if (!at || !hex) return;
    auto bytes = from_hex(*hex);
    if (!bytes) return reader.wrong(path + ".hex", kind_of(piece["hex"]), "pairs of hexadecimal digits");
    total += bytes->size();
    if (total > kMostMemory)
      return reader.wrong(path + ".hex", fmt::format("one of {} bytes of memory in all", total),
                          fmt::format("one of at most {}", kMostMemory));
    all.push_back({*at, std::move(*bytes), path});
  });
  // From the lowest up, each is put behind the last: no order that somebody chose costs more.
  std::ranges::sort(all, {}, &Shown::at);
  for (const Shown& piece : all) {
    if (add_memory(out.memory, piece.at, piece.bytes)) continue;
    const bool wraps = piece.bytes.size() > UINT64_MAX - piece.at;
    return reader.wrong(piece.path, fmt::format("{} bytes at {:#x}", piece.bytes.size(), piece.at),
                        wraps ? "bytes that end below 2^64" : "bytes that another piece does not contradict");
  }
}

void read_checksums(Reader& reader, const Json& json, Capture& out) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> known;
  reader.list(json, "", "checksums", kMostStrings, [&](const Json& sum, const std::string& path) {
    const Checksum read{
        .at = reader.number(sum, path, "at", true).value_or(0),
        .size = reader.number(sum, path, "size", true).value_or(0),
        .crc32 = static_cast<std::uint32_t>(reader.number(sum, path, "crc32", true, UINT32_MAX).value_or(0))};
    const auto [same, is_new] = known.emplace(std::pair(read.at, read.size), read.crc32);
    if (!is_new && same->second != read.crc32)
      return reader.wrong(path + ".crc32", fmt::format("{}", read.crc32),
                          fmt::format("{}, as in another of the same bytes", same->second));
    if (is_new) out.checksums.push_back(read);
  });
}

void read_strings(Reader& reader, const Json& json, Capture& out) {
  std::map<std::uint64_t, std::pair<std::uint64_t, bool>> known;
  reader.list(json, "", "strings", kMostStrings, [&](const Json& string, const std::string& path) {
    const StringSeen read{.at = reader.number(string, path, "at", true).value_or(0),
                          .length = reader.number(string, path, "length", true).value_or(0),
                          .terminated = reader.boolean(string, path, "terminated", true).value_or(false)};
    const auto [same, is_new] = known.emplace(read.at, std::pair(read.length, read.terminated));
    if (!is_new && same->second != std::pair(read.length, read.terminated))
      return reader.wrong(path, fmt::format("another string at {:#x}", read.at),
                          "the same wherever it is told");
    if (is_new) out.strings.push_back(read);
  });
}

void read_told(Reader& reader, const Json& json, Capture& out) {
  read_checksums(reader, json, out);
  read_strings(reader, json, out);
  reader.list(json, "", "ram", kMostElements, [&](const Json& tried, const std::string& path) {
    out.ram.push_back({.at = reader.number(tried, path, "at", true).value_or(0),
                       .size = reader.number(tried, path, "size", true).value_or(0),
                       .places = reader.number(tried, path, "places", true).value_or(0),
                       .failed = reader.number(tried, path, "failed", true).value_or(0),
                       .first_failed = reader.number(tried, path, "first_failed", false).value_or(0)});
  });
  reader.list(json, "", "rsdp_elsewhere", kMostStrings, [&](const Json& place, const std::string& path) {
    out.rsdp_elsewhere.push_back(reader.number(place, path, "at", true).value_or(0));
  });
  reader.list(json, "", "unreadable", kMostStrings, [&](const Json& place, const std::string& path) {
    out.unreadable.push_back(reader.number(place, path, "at", true).value_or(0));
  });
}

Capture read_members(Reader& reader, const Json& json) {
  Capture out;
  out.producer = reader.text(json, "", "producer", true).value_or("");
  if (out.producer.empty()) reader.wrong("producer", "the text ''", "a name");
  out.version = reader.text(json, "", "version", false).value_or("");
  out.command = reader.text(json, "", "command", false).value_or("");
  if (const Json* asked = reader.object(json, "", "case")) out.asked = read_case(reader, *asked, "case");
  const std::string outcome = reader.text(json, "", "outcome", true).value_or("");
  const auto* const known =
      std::ranges::find(kOutcomes, outcome, &std::pair<Outcome, std::string_view>::second);
  if (known == kOutcomes.end())
    reader.wrong("outcome", "the text '" + outcome + "'", "captured, refused, died, hung or garbage");
  else
    out.outcome = known->first;
  out.words = reader.text(json, "", "words", false).value_or("");
  if (const Json* image = reader.object(json, "", "image")) out.image = read_image(reader, *image);
  read_cpu(reader, json, out);
  read_memory(reader, json, out);
  read_told(reader, json, out);
  return out;
}

Ordered case_json(const Case& asked) {
  Ordered json{{"name", asked.name}, {"kernel", asked.kernel}, {"fits", asked.fits}};
  if (asked.about != Clause::kNone) json["about"] = clause_id(asked.about);
  if (!asked.bootable) json["bootable"] = false;
  if (asked.entry) json["entry"] = *asked.entry;
  for (const WrongEntry& wrong : asked.wrong_entries)
    json["wrong_entries"].push_back({{"at", wrong.at}, {"clause", clause_id(wrong.clause)}});
  if (asked.relocation)
    json["relocation"] = {{"alignment", asked.relocation->alignment},
                          {"lowest", asked.relocation->lowest},
                          {"highest", asked.relocation->highest}};
  if (asked.memory) json["memory"] = *asked.memory;
  if (asked.cpus) json["cpus"] = *asked.cpus;
  if (asked.acpi) json["acpi"] = *asked.acpi;
  if (asked.command_line) json["command_line"] = *asked.command_line;
  if (asked.map_entries) json["map_entries"] = *asked.map_entries;
  if (!asked.modules) return json;
  json["modules"] = Ordered::array();
  for (const ModuleAsked& module : *asked.modules) {
    Ordered one{{"size", module.size}};
    if (module.crc32) one["crc32"] = *module.crc32;
    if (module.command_line) one["command_line"] = *module.command_line;
    json["modules"].push_back(std::move(one));
  }
  return json;
}

Ordered told_json(const Capture& capture) {
  Ordered json = Ordered::object();
  json["memory"] = Ordered::array();
  for (const MemoryPiece& piece : capture.memory)
    json["memory"].push_back({{"at", piece.at}, {"hex", to_hex(piece.bytes)}});
  json["checksums"] = Ordered::array();
  for (const Checksum& sum : capture.checksums)
    json["checksums"].push_back({{"at", sum.at}, {"size", sum.size}, {"crc32", sum.crc32}});
  json["strings"] = Ordered::array();
  for (const StringSeen& string : capture.strings)
    json["strings"].push_back(
        {{"at", string.at}, {"length", string.length}, {"terminated", string.terminated}});
  json["ram"] = Ordered::array();
  for (const RamTried& tried : capture.ram)
    json["ram"].push_back({{"at", tried.at},
                           {"size", tried.size},
                           {"places", tried.places},
                           {"failed", tried.failed},
                           {"first_failed", tried.first_failed}});
  json["rsdp_elsewhere"] = Ordered::array();
  for (const std::uint64_t at : capture.rsdp_elsewhere) json["rsdp_elsewhere"].push_back({{"at", at}});
  json["unreadable"] = Ordered::array();
  for (const std::uint64_t at : capture.unreadable) json["unreadable"].push_back({{"at", at}});
  return json;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  return std::ranges::find(kOutcomes, outcome, &std::pair<Outcome, std::string_view>::first)->second;
}

Result<Capture> read_capture(std::string_view text) {
  if (text.size() > kMostCaptureBytes)
    return std::unexpected(Error{
        .what = Fault::kCaptureTooLarge, .found = Size{text.size()}, .wanted = Size{kMostCaptureBytes}});
  const auto written = outline_of(text);
  if (!written) return std::unexpected(written.error());
  const Json json = Json::parse(text, nullptr, false);
  std::optional<Error> error;
  Reader reader(error, *written);
  if (!json.is_object()) {
    reader.wrong("the whole", kind_of(json), "an object");
    return std::unexpected(*error);
  }
  const auto format = reader.number(json, "", "pvh_capture", true);
  if (format && *format != kCaptureFormat)
    return std::unexpected(Error{.what = Fault::kCaptureFormat, .found = *format, .wanted = kCaptureFormat});
  Capture capture = error ? Capture{} : read_members(reader, json);
  if (error) return std::unexpected(*error);
  return capture;
}

std::string write_capture(const Capture& capture) {
  Ordered json{{"pvh_capture", kCaptureFormat},
               {"producer", capture.producer},
               {"version", capture.version},
               {"command", capture.command},
               {"case", case_json(capture.asked)},
               {"outcome", outcome_name(capture.outcome)},
               {"words", capture.words}};
  if (capture.image) {
    Ordered image{{"at", capture.image->at}, {"linked", capture.image->linked}};
    if (capture.image->entry) image["entry"] = *capture.image->entry;
    if (capture.image->size) image["size"] = *capture.image->size;
    if (capture.image->zeroed) image["zeroed"] = *capture.image->zeroed;
    if (capture.image->movable) image["movable"] = *capture.image->movable;
    json["image"] = std::move(image);
  }
  json["registers"] = capture.registers;
  json["segments"] = Ordered::object();
  for (const auto& [name, segment] : capture.segments)
    json["segments"][name] = {{"selector", segment.selector},
                              {"base", segment.base},
                              {"limit", segment.limit},
                              {"attributes", segment.attributes}};
  json.update(told_json(capture));
  return json.dump(1, ' ', false, Ordered::error_handler_t::replace) + "\n";
}

}  // namespace pvh::conform
