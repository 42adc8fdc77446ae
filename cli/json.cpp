#include "json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "notes.hpp"

namespace pvh::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A name that is not UTF-8 must not keep the rest from being said.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json or_null(const auto& optional) {
  return optional ? Json(*optional) : Json(nullptr);
}

std::string_view format_key(image::Format format) {
  switch (format) {
    case image::Format::kElf:
      return "elf";
    case image::Format::kBzImage:
      return "bzimage";
    case image::Format::kUnifiedImage:
      return "uki";
    case image::Format::kCompressed:
      return "compressed";
  }
  return "";
}

Json fact_json(const Fact& fact) {
  if (const auto* number = std::get_if<std::uint64_t>(&fact)) return *number;
  if (const auto* hex = std::get_if<Hex>(&fact)) return hex->value;
  if (const auto* size = std::get_if<Size>(&fact)) return size->bytes;
  if (const auto* text = std::get_if<std::string>(&fact)) return *text;
  return nullptr;
}

Json thing_json(const std::optional<Thing>& thing) {
  if (!thing) return nullptr;
  Json json{{"name", thing->name}};
  if (thing->range) json["start"] = thing->range->start().value();
  if (thing->range) json["size"] = thing->range->size();
  if (!thing->range && thing->size) json["size"] = *thing->size;
  return json;
}

Json error_json(const Error& error, const std::string& file) {
  return {{"fault", fault_id(error.what)},
          {"clause", clause_id(error.clause)},
          {"file", file},
          {"subject", error.subject},
          {"within", error.within},
          {"where", or_null(error.where)},
          {"found", fact_json(error.found)},
          {"wanted", fact_json(error.wanted)},
          {"thing", thing_json(error.thing)},
          {"obstacle", thing_json(error.obstacle)},
          {"memory_that_would_do", or_null(error.memory_that_would_do)},
          {"sentence", sentence(error, file)},
          {"remedy", remedy(error, file)}};
}

Json layers_json(const image::KernelFile& file) {
  Json json = Json::array();
  for (const image::Layer& layer : file.layers) {
    json.push_back({{"format", format_key(layer.format)},
                    {"compression", image::name_of(layer.compression)},
                    {"offset", layer.offset}});
  }
  return json;
}

Json segments_json(const image::ElfFile& elf) {
  Json json = Json::array();
  for (const image::Segment& segment : elf.segments) {
    json.push_back({{"paddr", segment.memory.start().value()},
                    {"file_size", segment.bytes.size()},
                    {"memory_size", segment.memory.size()},
                    {"flags", segment.flags},
                    {"offset", segment.file_offset},
                    {"align", segment.alignment}});
  }
  return json;
}

Json notes_json(const image::ElfFile& elf) {
  Json json = Json::array();
  for (const image::Note& note : elf.notes) {
    Json item{{"owner", note.owner}, {"type", note.type}, {"desc", hex_text(note.desc)}};
    item["offset"] = note.offset;
    if (const auto name = note_name(note); !name.empty()) item["name"] = name;
    if (const auto value = note_value(note)) item["value"] = *value;
    if (const auto text = note_text(note)) item["text"] = *text;
    json.push_back(std::move(item));
  }
  return json;
}

Json strings_json(const image::ElfFile& elf) {
  Json json = Json::object();
  for (const NoteString& string : note_strings(elf.notes)) json[std::string(string.key)] = string.text;
  return json;
}

Json relocation_json(const image::KernelImage& kernel) {
  if (!kernel.relocation) return nullptr;
  return {{"align", kernel.relocation->alignment},
          {"min", kernel.relocation->min},
          {"max", kernel.relocation->max}};
}

Json segment_state_json(const boot::SegmentState& state) {
  return {{"selector", state.selector},
          {"base", state.base},
          {"limit", state.limit},
          {"attributes", state.attributes}};
}

Json entry_state_json(const boot::EntryState& state) {
  return {{"eip", state.eip},
          {"ebx", state.ebx},
          {"eflags", state.eflags},
          {"cr0", state.cr0},
          {"cr4", state.cr4},
          {"cs", segment_state_json(state.cs)},
          {"data", segment_state_json(state.data)},
          {"tr", segment_state_json(state.tr)}};
}

Json regions_json(const boot::BootPlan& plan) {
  constexpr std::string_view kOrigins[] = {"kernel", "module", "made", "zeros"};
  Json json = Json::array();
  for (const boot::Region& region : plan.regions) {
    json.push_back({{"name", region.name},
                    {"start", region.range.start().value()},
                    {"size", region.range.size()},
                    {"content_size", region.content.bytes.size()},
                    {"origin", kOrigins[static_cast<std::size_t>(region.content.origin)]}});
  }
  return json;
}

Json memory_map_json(const boot::BootPlan& plan) {
  Json json = Json::array();
  for (const boot::MapEntry& entry : plan.memory_map) {
    json.push_back({{"start", entry.range.start().value()},
                    {"size", entry.range.size()},
                    {"type", entry.type},
                    {"name", entry.name}});
  }
  return json;
}

Json modules_json(const launch::Prepared& prepared) {
  Json json = Json::array();
  for (std::size_t i = 0; i < prepared.modules.size(); ++i) {
    Json item{{"name", prepared.modules[i].name},
              {"start", nullptr},
              {"size", prepared.modules[i].bytes.size()},
              {"command_line", or_null(prepared.modules[i].command_line)}};
    for (const boot::Region& region : prepared.plan.regions) {
      if (region.content.origin == boot::Origin::kModule && region.content.index == i) {
        item["start"] = region.range.start().value();
      }
    }
    json.push_back(std::move(item));
  }
  return json;
}

}  // namespace

std::string inspection_json(const Inspection& inspection) {
  const image::KernelFile& file = inspection.file;
  const auto& bootable = inspection.bootable;
  Json json{{"file", inspection.path},
            {"format", format_key(file.layers.front().format)},
            {"compression", image::name_of(innermost_compression(file))},
            {"class", file.elf.elf_class == image::ElfClass::k64 ? "ELF64" : "ELF32"},
            {"machine", file.elf.machine == image::Machine::kX86_64 ? "x86-64" : "i386"},
            {"bootable", bootable.has_value()},
            {"why", bootable ? Json(nullptr) : Json(sentence(bootable.error(), inspection.path))},
            {"entry", bootable ? Json(bootable->entry.value()) : Json(nullptr)},
            {"entry_note_offset", bootable ? Json(bootable->entry_note_offset) : Json(nullptr)},
            {"e_entry", file.elf.e_entry},
            {"reloc", bootable ? relocation_json(*bootable) : Json(nullptr)},
            {"build_id", or_null(build_id(file.elf.notes))},
            {"release", or_null(file.release)},
            {"os_release", or_null(file.os_release)},
            {"command_line", or_null(file.command_line)},
            {"initrd_size", file.initrd ? Json(file.initrd->size()) : Json(nullptr)},
            {"strings", strings_json(file.elf)},
            {"layers", layers_json(file)},
            {"segments", segments_json(file.elf)},
            {"notes", notes_json(file.elf)}};
  if (!bootable && !only_lacks_entry(bootable.error())) {
    json["error"] = error_json(bootable.error(), inspection.path);
  }
  return dump(json);
}

std::string plan_json(const launch::Prepared& prepared) {
  const boot::BootPlan& plan = prepared.plan;
  return dump({{"start_info", plan.start_info.value()},
               {"entry", plan.entry.value()},
               {"version", plan.version},
               {"memory_size", plan.memory_size},
               {"command_line", prepared.command_line},
               {"rsdp", launch::rsdp_of(plan)},
               {"seed", or_null(prepared.seed)},
               {"entry_state", entry_state_json(plan.state)},
               {"regions", regions_json(plan)},
               {"memory_map", memory_map_json(plan)},
               {"modules", modules_json(prepared)}});
}

std::string cache_json(const std::string& directory, const cache::Contents& contents, std::uint64_t limit) {
  Json kernels = Json::array();
  for (const cache::KeptKernel& kernel : contents.kernels) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    kernels.push_back({{"source", printable(kernel.label.path)},
                       {"release", printable(kernel.label.release)},
                       {"size", kernel.size},
                       {"last_used", kernel.last_used / kSecond},
                       {"file", kernel.file}});
  }
  return dump({{"directory", printable(directory)},
               {"limit", limit},
               {"total", contents.total},
               {"kernels", std::move(kernels)}});
}

std::string failure_json(const Failure& failure) {
  return dump({{"error", error_json(failure.error, failure.file)}});
}

}  // namespace pvh::cli
