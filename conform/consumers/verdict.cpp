#include "pvh/consumers/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace pvh::consumers {
namespace {

std::string text_of(const Span& span) {
  return fmt::format("{:#x} to {:#x}", span.first, span.end - 1);
}

// Not `quoted`: argument-dependent lookup prefers std::quoted for a std::string where <iomanip> is included.
std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return fmt::format("\"{}\"", text);
  return fmt::format("{} bytes, \"{}…\"", text.size(), text.substr(0, kMost));
}

std::uint64_t sum_of(const std::vector<Span>& spans) {
  std::uint64_t sum = 0;
  for (const Span& span : spans) sum += span.end - span.first;
  return sum;
}

/// The first range in which they differ: what is in one and not in the other.
struct RamDifference {
  Span range;
  bool told;  ///< the kernel's, else the producer's
};

std::optional<RamDifference> first_difference(const std::vector<Span>& given, const std::vector<Span>& told) {
  std::vector<std::uint64_t> edges;
  for (const auto* spans : {&given, &told})
    for (const Span& span : *spans) edges.insert(edges.end(), {span.first, span.end});
  std::ranges::sort(edges);
  const auto covers = [](const std::vector<Span>& spans, std::uint64_t at) {
    return std::ranges::any_of(spans, [at](const Span& span) { return span.first <= at && at < span.end; });
  };
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    if (edges[i] == edges[i + 1]) continue;
    const bool in_told = covers(told, edges[i]);
    if (covers(given, edges[i]) != in_told) return RamDifference{{edges[i], edges[i + 1]}, in_told};
  }
  return std::nullopt;
}

/// How many of the given entries from the first on a kernel has taken that has no more RAM than this: what a
/// count that was cut looks like.
std::optional<std::size_t> entries_taken(const std::vector<RawEntry>& map, const std::vector<Span>& told) {
  for (std::size_t count = map.size(); count-- > 0;)
    if (ram_of({map.begin(), map.begin() + static_cast<std::ptrdiff_t>(count)}) == told) return count;
  return std::nullopt;
}

std::optional<Difference> ram_difference(const Given& given, const std::vector<Span>& told) {
  const auto found = first_difference(given.ram, told);
  if (!found) return std::nullopt;
  Difference out{.seen = fmt::format("{} is {}RAM; in all {} KiB", text_of(found->range),
                                     found->told ? "" : "no ", sum_of(told) / kKiB),
                 .owed = fmt::format("{} is {}RAM; in all {} KiB", text_of(found->range),
                                     found->told ? "no " : "", sum_of(given.ram) / kKiB)};
  if (given.map && !found->told) {
    if (const auto count = entries_taken(*given.map, told)) {
      out.seen += fmt::format(": as of the first {} entries", *count);
      out.owed += fmt::format(": {} entries", given.map->size());
    }
  }
  return out;
}

std::optional<Difference> use_difference(const Given& given, const std::vector<Span>& in_use) {
  for (const Span& span : in_use) {
    const bool inside = std::ranges::any_of(
        given.ram, [&](const Span& ram) { return ram.first <= span.first && span.end <= ram.end; });
    if (!inside) return Difference{text_of(span) + " is used as RAM", "nothing but what is RAM is used"};
  }
  return std::nullopt;
}

std::optional<Difference> line_difference(const std::optional<std::string>& given,
                                          const std::optional<std::string>& told, std::string_view of) {
  // To most kernels an empty one and none are the same.
  const std::string owed = given.value_or("");
  const std::string seen = told.value_or("");
  if (seen == owed) return std::nullopt;
  const bool cut = owed.starts_with(seen);
  return Difference{
      fmt::format("{}: {}", of, cut ? fmt::format("its first {} bytes", seen.size()) : quote(seen)),
      fmt::format("{}: {}", of, quote(owed))};
}

std::optional<Difference> module_difference(const ModuleGiven& given, const ModuleTold& told,
                                            std::size_t index) {
  if (told.size != given.size)
    return Difference{fmt::format("module {} of {} bytes", index, told.size),
                      fmt::format("{} bytes", given.size)};
  if (told.crc32 && *told.crc32 != given.crc32)
    return Difference{fmt::format("module {}: CRC-32 {:#x}", index, *told.crc32),
                      fmt::format("{:#x}", given.crc32)};
  return line_difference(given.command_line, told.command_line,
                         fmt::format("module {}'s command line", index));
}

std::string last_words(std::string_view output) {
  constexpr std::size_t kMost = 300;
  while (!output.empty() && (output.back() == '\n' || output.back() == '\r')) output.remove_suffix(1);
  if (output.size() > kMost) output.remove_prefix(output.size() - kMost);
  // From the last whole lines.
  constexpr std::size_t kLines = 3;
  std::size_t from = output.size();
  for (std::size_t i = 0; i < kLines && from != 0 && from != std::string_view::npos; ++i)
    from = from == 0 ? 0 : output.rfind('\n', from - 1);
  if (from != std::string_view::npos && from < output.size()) output.remove_prefix(from);
  std::string out;
  for (const char c : output) {
    if (c == '\r') continue;
    if (c != '\n')
      out += c;
    else if (!out.empty())
      out += " / ";
  }
  return out;
}

VariantResult died(VariantResult result, const Run& run) {
  result.verdict = Verdict::kDied;
  const std::string words = last_words(run.output);
  result.seen = run.ending;
  result.owed = "it comes up";
  result.words = !words.empty() ? words : !run.registers.empty() ? run.registers : "it said nothing";
  return result;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kExact:
      return "exact";
    case Verdict::kUnknown:
      return "cannot tell";
    case Verdict::kOtherwise:
      return "otherwise";
    case Verdict::kDied:
      return "died";
    case Verdict::kCannot:
      return "left out";
  }
  return "";
}

bool lives(Verdict verdict) {
  return verdict == Verdict::kExact || verdict == Verdict::kUnknown;
}

std::optional<Difference> difference(const Given& given, const Told& told) {
  if (told.ram)
    if (auto found = ram_difference(given, *told.ram)) return found;
  if (told.in_use)
    if (auto found = use_difference(given, *told.in_use)) return found;
  if (told.command_line)
    if (auto found = line_difference(given.command_line, *told.command_line, "the command line"))
      return found;
  if (told.module_count && *told.module_count != given.modules.size())
    return Difference{fmt::format("{} modules", *told.module_count), fmt::format("{}", given.modules.size())};
  for (std::size_t i = 0; told.modules && i < told.modules->size(); ++i)
    if (auto found = module_difference(given.modules[i], (*told.modules)[i], i)) return found;
  if (told.acpi && *told.acpi != given.acpi)
    return Difference{*told.acpi ? "an RSDP" : "no RSDP", given.acpi ? "an RSDP" : "no RSDP"};
  return std::nullopt;
}

VariantResult judge(const Variant& variant, const Given& given, const Run& run) {
  VariantResult result{.variant = &variant};
  const Told told = told_by(run.output);
  const bool tells = told.ram || told.command_line;
  const bool up = run.said.value_or(told.whole || (told.kind.empty() && run.up));
  if (variant.owed == Owed::kStop) {
    result.owed = "it stops";
    result.verdict = up && tells ? Verdict::kOtherwise : Verdict::kExact;
    result.seen = up && tells ? "it went on as if there were a start info" : "it stopped";
    result.words = last_words(run.output);
    return result;
  }
  if (!up) return died(result, run);
  if (const auto found = difference(given, told)) {
    result.verdict = Verdict::kOtherwise;
    result.seen = found->seen;
    result.owed = found->owed;
    return result;
  }
  result.verdict = tells ? Verdict::kExact : Verdict::kUnknown;
  result.seen = tells ? "it used exactly what it was given" : "it came up as without the variant";
  result.owed = "it comes up, with exactly what it was given";
  return result;
}

void leave_out_what_tells_nothing(std::vector<VariantResult>& results) {
  const auto does_not_live_with = [&](std::string_view name) {
    const auto found =
        std::ranges::find(results, name, [](const VariantResult& r) { return r.variant->name; });
    return found != results.end() && !lives(found->verdict);
  };
  const bool never_up = does_not_live_with("plain");
  for (VariantResult& result : results) {
    if (result.variant->name == "plain" || result.verdict == Verdict::kCannot) continue;
    const std::string_view needed = never_up ? std::string_view("plain") : result.variant->needs;
    if (needed.empty() || !does_not_live_with(needed)) continue;
    result.verdict = Verdict::kCannot;
    result.words = fmt::format("it tells nothing: the kernel does not live with \"{}\" already", needed);
    result.seen.clear();
  }
}

}  // namespace pvh::consumers
