// START: the start info, and what it points to.
#include <pvh/start_info.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "checks.hpp"
#include "judgements.hpp"

namespace pvh::conform {
namespace {

constexpr std::uint64_t kStructureAlignment = 8;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool sums_to_zero(Bytes bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  return sum % 256 == 0;
}

/// What is wrong with a string, as text; empty where nothing is.
std::string string_fault(const Evidence& evidence, std::uint64_t at, const std::string& name) {
  const auto text = evidence.text(at);
  if (!text) return fmt::format("{} at {:#x} cannot be read", name, at);
  if (!text->terminated) return fmt::format("{} at {:#x} has no NUL in {} bytes", name, at, text->length);
  if (text->text && !is_ascii(*text->text))
    return fmt::format("{} is not ASCII: {}", name, quoted(*text->text));
  return {};
}

/// Whether what was passed holds all that was asked for: a producer may add words of its own.
bool holds(const Evidence& evidence, std::uint64_t at, const TextSeen& seen, const std::string& asked) {
  if (seen.text) return seen.text->find(asked) != std::string::npos;
  return seen.length == asked.size() && evidence.checksum(at, seen.length) == crc32(as_bytes(asked));
}

std::string shown(const TextSeen& seen) {
  if (seen.text) return quoted(*seen.text);
  return fmt::format("{} bytes", seen.length);
}

/// What is wrong with module `i`, beside what was asked.
std::string module_fault(const Evidence& evidence, std::size_t i, const ModuleSeen& module,
                         const ModuleAsked& asked) {
  if (module.size != asked.size)
    return fmt::format("module {} has {} bytes, of {} that were given", i, module.size, asked.size);
  if (asked.crc32 && module.size > 0 && module.at != 0) {
    const auto sum = evidence.checksum(module.at, module.size);
    if (sum && *sum != *asked.crc32)
      return fmt::format("module {} at {:#x} has other bytes than were given (CRC-32 {:#x}, not {:#x})", i,
                         module.at, *sum, *asked.crc32);
  }
  if (!asked.command_line) return {};
  const auto text = module.command_line == 0 ? std::nullopt : evidence.text(module.command_line);
  if (!text || !holds(evidence, module.command_line, *text, *asked.command_line))
    return fmt::format("module {} has the command line {}, not {}", i, text ? shown(*text) : "of nobody",
                       quoted(*asked.command_line));
  return {};
}

/// Everything that the start info points to, with the size that is known of it.
struct Pointed {
  std::string name;
  std::uint64_t at;
  std::uint64_t size;
  bool structure;
};

std::vector<Pointed> pointed(const Evidence& evidence) {
  const StartInfoSeen& info = *evidence.info;
  const auto length = [&](std::uint64_t at) {
    const auto text = evidence.text(at);
    return text ? text->length + (text->terminated ? 1 : 0) : 1;
  };
  std::vector<Pointed> out{
      {"the start info", *evidence.register_named("ebx"),
       info.version >= 1 ? sizeof(hvm_start_info) : offsetof(hvm_start_info, memmap_paddr), true}};
  if (info.module_count != 0 && info.module_list != 0)
    out.push_back({"the module list", info.module_list,
                   std::uint64_t{info.module_count} * sizeof(hvm_modlist_entry), true});
  if (info.map_count.value_or(0) != 0 && info.map.value_or(0) != 0)
    out.push_back(
        {"the memory map", *info.map, std::uint64_t{*info.map_count} * sizeof(hvm_memmap_table_entry), true});
  if (info.command_line != 0)
    out.push_back({"the command line", info.command_line, length(info.command_line), false});
  if (info.rsdp != 0) out.push_back({"the RSDP", info.rsdp, 20, false});
  if (evidence.modules) {
    for (const ModuleSeen& module : *evidence.modules)
      if (module.command_line != 0)
        out.push_back({"a module's command line", module.command_line, length(module.command_line), false});
  }
  return out;
}

}  // namespace

Judgement start_1(const Evidence& evidence) {
  const std::string owed = fmt::format("the magic {:#x}", XEN_HVM_START_MAGIC_VALUE);
  if (!evidence.info) return not_seen("the capture shows no bytes where ebx points", owed);
  const std::string seen = fmt::format("{:#x}", evidence.info->magic);
  if (evidence.known) return pass(seen, owed);
  // Where nothing like a start info lies, the pointer is wrong, which is CPU-1's.
  return looks_like_start_info(*evidence.info) ? broken(seen, owed)
                                               : not_seen("ebx points at no start info", owed);
}

Judgement start_2(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "version 0 or 1";
  const std::string seen = fmt::format("version {}", evidence.info->version);
  return evidence.info->version <= 1 ? pass(seen, owed) : broken(seen, owed);
}

Judgement start_3(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "flags 0 for an ordinary guest";
  const std::string seen = fmt::format("flags {:#x}", evidence.info->flags);
  return evidence.info->flags == 0 ? pass(seen, owed) : broken(seen, owed);
}

Judgement start_4(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const StartInfoSeen& info = *evidence.info;
  const std::string owed = "0 where something is absent, and nothing at 0";
  if (info.module_count != 0 && info.module_list == 0)
    return broken(fmt::format("{} modules, and the list at 0", info.module_count), owed);
  if (info.map_count.value_or(0) != 0 && info.map.value_or(0) == 0)
    return broken(fmt::format("{} map entries, and the table at 0", *info.map_count), owed);
  if (evidence.known && evidence.register_named("ebx") == 0) return broken("the start info at 0", owed);
  if (evidence.capture.image && evidence.capture.image->at == 0) return broken("the kernel at 0", owed);
  if (evidence.modules) {
    const auto at_zero =
        std::ranges::find_if(*evidence.modules, [](const ModuleSeen& m) { return m.at == 0 && m.size != 0; });
    if (at_zero != evidence.modules->end())
      return broken(
          fmt::format("module {} of {} bytes at 0", at_zero - evidence.modules->begin(), at_zero->size),
          owed);
  }
  return pass("nothing at 0", owed);
}

Judgement start_5(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const auto& asked = evidence.capture.asked.command_line;
  const std::string owed =
      asked ? fmt::format("all of {}, in ASCII, with a NUL", quoted(*asked)) : "ASCII that ends in a NUL";
  const std::uint64_t at = evidence.info->command_line;
  if (at == 0)
    return asked && !asked->empty() ? broken("no command line", owed) : pass("no command line", owed);
  if (const auto fault = string_fault(evidence, at, "the command line"); !fault.empty())
    return broken(fault, owed);
  if (evidence.modules) {
    for (const ModuleSeen& module : *evidence.modules) {
      if (module.command_line == 0) continue;
      const auto fault = string_fault(evidence, module.command_line, "a module's command line");
      if (!fault.empty()) return broken(fault, owed);
    }
  }
  const TextSeen seen = *evidence.text(at);
  if (asked && !holds(evidence, at, seen, *asked)) return broken(shown(seen), owed);
  return pass(shown(seen), owed);
}

Judgement start_6(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const StartInfoSeen& info = *evidence.info;
  const auto& asked = evidence.capture.asked.modules;
  const std::string owed =
      asked ? fmt::format("{} modules in their order, whole; reserved members 0", asked->size())
            : "modules in their order; reserved members 0";
  if (info.reserved.value_or(0) != 0)
    return broken(fmt::format("the start info's reserved word is {:#x}", *info.reserved), owed);
  if (asked && info.module_count != asked->size())
    return broken(fmt::format("{} modules", info.module_count), owed);
  if (!evidence.modules) return not_seen("the module list is not shown", owed);
  for (std::size_t i = 0; i < evidence.modules->size(); ++i) {
    const ModuleSeen& module = (*evidence.modules)[i];
    if (module.reserved != 0)
      return broken(fmt::format("the reserved word of module {} is {:#x}", i, module.reserved), owed);
    if (!asked) continue;
    const auto fault = module_fault(evidence, i, module, (*asked)[i]);
    if (!fault.empty()) return broken(fault, owed);
  }
  return pass(fmt::format("{} modules", info.module_count), owed);
}

Judgement start_7(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const auto& asked = evidence.capture.asked.acpi;
  const std::string owed = "the address of a valid RSDP, where there are ACPI tables";
  const std::uint64_t rsdp = evidence.info->rsdp;
  if (rsdp == 0) {
    const auto& elsewhere = evidence.capture.rsdp_elsewhere;
    if (!elsewhere.empty())
      return broken(fmt::format("0, and an RSDP lies at {:#x}", elsewhere.front()), owed);
    if (asked == true) return broken("0, though ACPI was asked for", owed);
    return not_applicable("no ACPI tables", owed);
  }
  const auto root = evidence.bytes(rsdp, 20);
  if (!root) return broken(fmt::format("{:#x}, where nothing can be read", rsdp), owed);
  if (as_text(root->first(8)) != "RSD PTR ")
    return broken(fmt::format("{} at {:#x}", quoted(as_text(root->first(8))), rsdp), owed);
  const auto wide = evidence.bytes(rsdp, 36);
  const bool revision_2 = read_le<std::uint8_t>(*root, 15).value_or(0) >= 2;
  if (!sums_to_zero(*root) || (revision_2 && (!wide || !sums_to_zero(*wide))))
    return broken(fmt::format("an RSDP at {:#x} whose checksum is wrong", rsdp), owed);
  return pass(fmt::format("an RSDP at {:#x}", rsdp), owed);
}

Judgement start_8(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "below 4 GiB, structures 8-byte aligned, in memory that the map lists";
  std::uint64_t highest = 0;
  for (const Pointed& thing : pointed(evidence)) {
    if (thing.at >= kFourGiB || thing.size > kFourGiB - thing.at)
      return broken(fmt::format("{} at {:#x}", thing.name, thing.at), owed);
    if (thing.structure && thing.at % kStructureAlignment != 0)
      return broken(fmt::format("{} at {:#x}, {}-aligned", thing.name, thing.at,
                                std::gcd(thing.at, kStructureAlignment)),
                    owed);
    if (evidence.map && !covered(evidence.listed, thing.at, thing.size))
      return broken(fmt::format("{} at {:#x}, which no map entry covers", thing.name, thing.at), owed);
    highest = std::max(highest, thing.at);
  }
  return pass(fmt::format("the highest at {:#x}", highest), owed);
}

}  // namespace pvh::conform
