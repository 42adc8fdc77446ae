// START: the start info, and what it points to.
#include <pvh/start_info.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "amounts.hpp"
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

/// What is wrong with a string that is there, as text; empty where nothing is.
std::string string_fault(const TextSeen& text, std::uint64_t at, const std::string& name) {
  if (text.endless) return fmt::format("{} at {:#x} has no NUL in {} bytes", name, at, text.length);
  if (text.text && !is_ascii(*text.text)) return fmt::format("{} is not ASCII: {}", name, quote(*text.text));
  return {};
}

/// A string that is none, by string_fault; not where something else lies over what it would be (PLACE-1).
std::optional<Judgement> judged_string(const Evidence& evidence, const TextSeen& text, std::uint64_t at,
                                       const std::string& name, const std::optional<std::string>& asked,
                                       const std::string& owed) {
  const std::string fault = string_fault(text, at, name);
  if (fault.empty()) return std::nullopt;
  // One without an end runs over all that comes after it.
  const std::uint64_t length = text.endless && asked ? asked->size() : text.length;
  const std::string over = lies_over(evidence, at, length + 1, name);
  return over.empty() ? broken(fault, owed)
                      : not_seen(fmt::format("{} lies over {} (PLACE-1)", over, name), owed);
}

/// Whether `words` stand in `text`, neither begun nor ended within a word. Nothing where they stand within
/// words more often than in any honest line.
std::optional<bool> has_words(std::string_view text, std::string_view words) {
  constexpr int kMostTries = 16;
  if (words.empty()) return true;
  std::size_t from = 0;
  for (int tries = 0; tries < kMostTries; ++tries) {
    // Not string_view's find, which hostile texts make quadratic.
    const void* const found = ::memmem(text.data() + from, text.size() - from, words.data(), words.size());
    if (found == nullptr) return false;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    const std::size_t end = at + words.size();
    if ((at == 0 || text[at - 1] == ' ') && (end == text.size() || text[end] == ' ')) return true;
    from = at + 1;
  }
  return std::nullopt;
}

/// Whether what was passed holds all that was asked for: a producer may add words of its own. Nothing where
/// the capture does not tell.
std::optional<bool> holds(const Evidence& evidence, std::uint64_t at, const TextSeen& seen,
                          const std::string& asked) {
  if (seen.text) return has_words(*seen.text, asked);
  if (!seen.terminated) return std::nullopt;
  if (seen.length < asked.size()) return false;
  const auto sum = evidence.checksum(at, seen.length);
  // Of a longer one the checksum tells nothing.
  if (!sum || seen.length != asked.size()) return std::nullopt;
  return *sum == crc32(as_bytes(asked));
}

std::string shown(const TextSeen& seen) {
  if (seen.text) return quote(*seen.text);
  return fmt::format("{} bytes", seen.length);
}

/// A module's bytes beside those that were given; nothing where they are the same.
std::optional<Judgement> module_bytes_fault(const Evidence& evidence, std::size_t i, const ModuleSeen& module,
                                            const ModuleAsked& asked, const std::string& owed) {
  if (module.size == 0 || module.at == 0) return std::nullopt;
  if (!asked.crc32) return not_seen(fmt::format("which bytes module {} was given is not known", i), owed);
  const auto sum = evidence.checksum(module.at, module.size);
  if (!sum) return not_seen(fmt::format("the bytes of module {} are not shown", i), owed);
  if (*sum == *asked.crc32) return std::nullopt;
  if (const auto over = lies_over(evidence, module.at, module.size); !over.empty())
    return not_seen(fmt::format("{} lies over module {} (PLACE-1)", over, i), owed);
  return broken(fmt::format("module {} at {:#x} has other bytes than were given (CRC-32 {:#x}, not {:#x})", i,
                            module.at, *sum, *asked.crc32),
                owed);
}

std::optional<Judgement> module_words_fault(const Evidence& evidence, std::size_t i, const ModuleSeen& module,
                                            const ModuleAsked& asked, const std::string& owed) {
  if (!asked.command_line) return std::nullopt;
  if (module.command_line == 0)
    return broken(fmt::format("module {} has no command line, not {}", i, quote(*asked.command_line)), owed);
  const auto text = evidence.text(module.command_line);
  if (!text) return not_seen(fmt::format("the command line of module {} is not shown", i), owed);
  const auto held = holds(evidence, module.command_line, *text, *asked.command_line);
  if (!held) return not_seen(fmt::format("the command line of module {} is not shown", i), owed);
  if (*held) return std::nullopt;
  const std::string name = name_of_module_words(i);
  if (const auto over = lies_over(evidence, module.command_line, text->length + 1, name); !over.empty())
    return not_seen(fmt::format("{} lies over {} (PLACE-1)", over, name), owed);
  return broken(
      fmt::format("module {} has the command line {}, not {}", i, shown(*text), quote(*asked.command_line)),
      owed);
}

/// What is wrong with module `i`, beside what was asked, or not shown of it.
std::optional<Judgement> module_fault(const Evidence& evidence, std::size_t i, const ModuleSeen& module,
                                      const ModuleAsked& asked, const std::string& owed) {
  if (module.size != asked.size)
    return broken(fmt::format("module {} has {} bytes, of {} that were given", i, module.size, asked.size),
                  owed);
  if (auto fault = module_bytes_fault(evidence, i, module, asked, owed)) return fault;
  return module_words_fault(evidence, i, module, asked, owed);
}

/// Everything that the start info points to, with the size that is known of it. Modules are PLACE-1's and
/// PLACE-3's.
struct Pointed {
  std::string name;
  std::uint64_t at;
  std::uint64_t size;
  bool structure;
  bool early;  ///< read before the guest has page tables of its own
};

std::vector<Pointed> pointed(const Evidence& evidence) {
  const StartInfoSeen& info = *evidence.info;
  const auto length = [&](std::uint64_t at) {
    const auto text = evidence.text(at);
    return text ? text->length + (text->terminated ? 1 : 0) : 1;
  };
  std::vector<Pointed> out{
      {"the start info", *evidence.register_named("ebx"),
       info.version >= 1 ? sizeof(hvm_start_info) : offsetof(hvm_start_info, memmap_paddr), true, true}};
  if (info.module_count != 0 && info.module_list != 0)
    out.push_back({"the module list", info.module_list,
                   std::uint64_t{info.module_count} * sizeof(hvm_modlist_entry), true, true});
  if (info.map_count.value_or(0) != 0 && info.map.value_or(0) != 0)
    out.push_back({"the memory map", *info.map,
                   std::uint64_t{*info.map_count} * sizeof(hvm_memmap_table_entry), true, true});
  if (info.command_line != 0)
    out.push_back({"the command line", info.command_line, length(info.command_line), false, true});
  if (info.rsdp != 0) out.push_back({"the RSDP", info.rsdp, 20, true, false});
  for (const Taken& table : evidence.tables) out.push_back({table.name, table.at, table.size, false, false});
  if (evidence.modules) {
    for (const ModuleSeen& module : *evidence.modules)
      if (module.command_line != 0)
        out.push_back(
            {"a module's command line", module.command_line, length(module.command_line), false, true});
  }
  return out;
}

/// What is wrong with where it lies; empty where nothing is.
std::string place_fault(const Evidence& evidence, const Pointed& thing) {
  const std::string seen = fmt::format("{} at {:#x}", thing.name, thing.at);
  if (thing.at >= kFourGiB || thing.size > kFourGiB - thing.at) return seen;
  if (thing.structure && thing.at % kStructureAlignment != 0)
    return fmt::format("{}, {}-aligned", seen, std::gcd(thing.at, kStructureAlignment));
  if (evidence.unreadable(thing.at)) return seen + ", where nothing can be read";
  if (!evidence.map || !why_no_map(evidence).empty()) return {};
  if (!covered(evidence.listed, thing.at, thing.size))
    return lacks_ram(evidence) ? "" : seen + ", which no map entry covers";
  if (!covered(evidence.working, thing.at, thing.size))
    return seen + ", in memory that the map calls unusable or disabled";
  return {};
}

/// What the start info names and that lies over these bytes of ACPI's; empty where nothing does.
std::string thing_over(const Evidence& evidence, std::uint64_t at, std::uint64_t size) {
  const Taken own{.name = {}, .at = at, .size = size};
  const auto over = std::ranges::find_if(
      evidence.things, [&](const Taken& thing) { return thing.at < own.end() && own.at < thing.end(); });
  return over == evidence.things.end() ? std::string() : over->name;
}

/// A table that RSDP, root table or FADT name: what is wrong with it, or empty. What lies over one is
/// PLACE-1's.
std::string table_fault(const Evidence& evidence, const Taken& table) {
  if (!thing_over(evidence, table.at, table.size).empty()) return {};
  const auto bytes = evidence.bytes(table.at, table.size);
  if (!bytes) return {};
  // The firmware's control structure has no checksum.
  if (as_text(bytes->first(4)) == "FACS" || sums_to_zero(*bytes)) return {};
  return fmt::format("{} at {:#x}, whose checksum is wrong", table.name, table.at);
}

/// What is wrong with the table that an RSDP names, and with those that it lists; empty where nothing is.
std::string root_fault(const Evidence& evidence, bool revision_2, std::uint64_t root) {
  const std::string_view name = revision_2 ? "XSDT" : "RSDT";
  if (root == 0) return fmt::format("an RSDP that names no {}", name);
  if (!evidence.table_faults.empty())
    return fmt::format("an RSDP by whose tables there is {}", evidence.table_faults.front());
  const auto signature = evidence.bytes(root, 4);
  if (signature && as_text(*signature) != name)
    return fmt::format("an RSDP whose {} at {:#x} is {}", name, root, quote(as_text(*signature)));
  for (const Taken& table : evidence.tables)
    if (table.name.starts_with("ACPI"))
      if (const auto fault = table_fault(evidence, table); !fault.empty())
        return fmt::format("an RSDP whose tables have {}", fault);
  return {};
}

/// Who does not pass a command line may say so, and how long it was.
Judgement of_refused_line(const Capture& capture, const std::string& owed) {
  const std::string words = lower(capture.words);
  const std::uint64_t length = capture.asked.command_line ? capture.asked.command_line->size() : 0;
  const auto is_length = [length](std::uint64_t amount) { return amount == length || amount == length + 1; };
  const bool named = has_any(words, {"command line", "cmdline", "command-line", "append", "boot arg"});
  const bool told = named && std::ranges::any_of(amounts_in(capture.words), is_length);
  return told ? pass("refused: " + capture.words, owed) : not_seen("refused: " + capture.words, owed);
}

/// What is wrong with the modules' command lines as strings, or not known of them.
std::optional<Judgement> module_strings_fault(const Evidence& evidence, const std::string& owed) {
  if (!evidence.modules) return std::nullopt;
  const auto& asked = evidence.capture.asked.modules;
  std::optional<Judgement> unseen;
  for (std::size_t i = 0; i < evidence.modules->size(); ++i) {
    const std::uint64_t at = (*evidence.modules)[i].command_line;
    const auto text = at == 0 ? std::nullopt : evidence.text(at);
    if (!text) continue;
    const auto words = asked && i < asked->size() ? (*asked)[i].command_line : std::nullopt;
    auto fault = judged_string(evidence, *text, at, name_of_module_words(i), words, owed);
    if (fault && fault->verdict == Verdict::kBroken) return fault;
    if (fault && !unseen) unseen = std::move(fault);
  }
  return unseen;
}

}  // namespace

Judgement start_1(const Evidence& evidence) {
  const std::string owed = fmt::format("the magic {:#x}", XEN_HVM_START_MAGIC_VALUE);
  if (!evidence.info) return not_seen("the capture shows no bytes where ebx points", owed);
  const std::string seen = fmt::format("{:#x}", evidence.info->magic);
  if (evidence.known) return pass(seen, owed);
  // Where nothing like a start info lies, the pointer is wrong, which is CPU-1's.
  const bool here = looks_like_start_info(*evidence.info) && !start_info_elsewhere(evidence);
  return here ? broken(seen, owed) : not_seen("ebx points at no start info", owed);
}

Judgement start_2(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed = "version 0 or 1";
  const std::string seen = fmt::format("version {}", evidence.info->version);
  if (evidence.info->version <= 1) return pass(seen, owed);
  // Later ones are backwards compatible, so a guest takes it for 1; but nobody has said yet what they are.
  return advised_against(seen + ", which nobody has defined", owed);
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
  const auto& asked = evidence.capture.asked.command_line;
  const std::string owed =
      asked ? fmt::format("all of {}, in ASCII, with a NUL", quote(*asked)) : "ASCII that ends in a NUL";
  if (evidence.capture.outcome == Outcome::kRefused) return of_refused_line(evidence.capture, owed);
  if (const auto words = command_line_at_ebx(evidence))
    return broken(fmt::format("at ebx lies {} instead of the start info", quote(*words)), owed);
  if (auto out = without_info(evidence)) return *out;
  if (auto fault = module_strings_fault(evidence, owed)) return *fault;
  const std::uint64_t at = evidence.info->command_line;
  if (at == 0) {
    if (!asked) return not_seen("no command line; whether one was asked for is not known", owed);
    return asked->empty() ? pass("no command line", owed) : broken("no command line", owed);
  }
  const auto text = evidence.text(at);
  if (!text) return not_seen(fmt::format("the command line at {:#x} is not shown", at), owed);
  if (auto fault = judged_string(evidence, *text, at, "the command line", asked, owed)) return *fault;
  if (!text->terminated) return not_seen("the end of the command line is not shown", owed);
  if (!asked) return not_seen(shown(*text) + "; what was asked for is not known", owed);
  const auto held = holds(evidence, at, *text, *asked);
  if (!held) return not_seen(shown(*text) + ", which are not shown", owed);
  if (*held) return pass(shown(*text), owed);
  if (const auto over = lies_over(evidence, at, text->length + 1); !over.empty())
    return not_seen(fmt::format("{} lies over the command line (PLACE-1)", over), owed);
  return broken(shown(*text), owed);
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
  // What was cut instead of refused is PLACE-2's.
  if (asked && !evidence.capture.asked.fits) return not_seen("what does not fit was started (PLACE-2)", owed);
  if (asked && info.module_count != asked->size())
    return broken(fmt::format("{} modules", info.module_count), owed);
  if (!evidence.module_fault.empty()) return not_seen(evidence.module_fault, owed);
  if (!evidence.modules) return not_seen("the module list is not shown", owed);
  if (info.is_cut_short()) return not_seen(kCutShort, owed);
  std::optional<Judgement> unseen;
  for (std::size_t i = 0; i < evidence.modules->size(); ++i) {
    const ModuleSeen& module = (*evidence.modules)[i];
    if (module.reserved != 0)
      return broken(fmt::format("the reserved word of module {} is {:#x}", i, module.reserved), owed);
    auto fault = asked ? module_fault(evidence, i, module, (*asked)[i], owed) : std::nullopt;
    if (fault && fault->verdict == Verdict::kBroken) return *fault;
    if (fault && !unseen) unseen = std::move(fault);
  }
  if (unseen) return *unseen;
  const std::string seen = fmt::format("{} modules", info.module_count);
  return asked ? pass(seen, owed) : not_seen(seen + "; which were asked for is not known", owed);
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
    return asked ? not_applicable("no ACPI tables", owed)
                 : not_seen("0; whether there are ACPI tables is not known", owed);
  }
  if (const auto over = lies_over(evidence, rsdp, 20); !over.empty() && over != "the RSDP")
    return not_seen(fmt::format("{} lies over the RSDP (PLACE-1)", over), owed);
  const auto root = evidence.bytes(rsdp, 20);
  if (!root) return not_seen(fmt::format("what lies at {:#x} is not shown", rsdp), owed);
  if (as_text(root->first(8)) != "RSD PTR ")
    return broken(fmt::format("{} at {:#x}", quote(as_text(root->first(8))), rsdp), owed);
  const bool revision_2 = read_le<std::uint8_t>(*root, 15).value_or(0) >= 2;
  const auto wide = evidence.bytes(rsdp, 36);
  if (revision_2 && !wide)
    return not_seen(fmt::format("of the RSDP at {:#x} only 20 bytes are shown", rsdp), owed);
  if (!sums_to_zero(*root) || (revision_2 && !sums_to_zero(*wide)))
    return broken(fmt::format("an RSDP at {:#x} whose checksum is wrong", rsdp), owed);
  const std::uint64_t tables = revision_2 ? read_le<std::uint64_t>(*wide, 24).value_or(0)
                                          : read_le<std::uint32_t>(*root, 16).value_or(0);
  if (const auto over = thing_over(evidence, tables, kTableHeader); !over.empty())
    return not_seen(fmt::format("{} lies over the table at {:#x} (PLACE-1)", over, tables), owed);
  if (const auto fault = root_fault(evidence, revision_2, tables); !fault.empty()) return broken(fault, owed);
  for (const Taken& table : evidence.tables)
    if (const auto over = thing_over(evidence, table.at, table.size); !over.empty())
      return not_seen(fmt::format("{} lies over {} (PLACE-1)", over, table.name), owed);
  if (!evidence.bytes(tables, 4))
    return not_seen(fmt::format("the table at {:#x} that the RSDP names is not shown", tables), owed);
  return pass(fmt::format("an RSDP at {:#x}", rsdp), owed);
}

Judgement start_8(const Evidence& evidence) {
  if (auto out = without_info(evidence)) return *out;
  const std::string owed =
      "below 4 GiB, structures 8-byte aligned, in memory that the map lists and that works";
  const auto all = pointed(evidence);
  for (const Pointed& thing : all)
    if (const auto fault = place_fault(evidence, thing); !fault.empty()) return broken(fault, owed);
  if (const auto unknown = why_no_map(evidence); !unknown.empty()) return not_seen(unknown, owed);
  for (const Pointed& thing : all) {
    if (evidence.map && !covered(evidence.listed, thing.at, thing.size))
      return not_seen(
          fmt::format("{} at {:#x} may lie in RAM that the map does not list (MAP-5)", thing.name, thing.at),
          owed);
    if (thing.early && thing.at + thing.size > kGiB)
      return advised_against(
          fmt::format("{} at {:#x}", thing.name, thing.at),
          "what is read before the guest has page tables below 1 GiB, as Linux maps no more");
  }
  return pass(fmt::format("the highest at {:#x}", std::ranges::max_element(all, {}, &Pointed::at)->at), owed);
}

}  // namespace pvh::conform
