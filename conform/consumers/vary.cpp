#include "pvh/consumers/vary.hpp"

#include <fmt/format.h>
#include <pvh/start_info.h>

#include <algorithm>
#include <array>
#include <utility>

#include "draft.hpp"
#include "pvh/capture/capture.hpp"

namespace pvh::consumers {
namespace {

/// Files for kernels that got fewer from the user than a variant wants. No two share bytes.
Bytes extra_module(std::size_t index) {
  constexpr std::size_t kCount = 8;
  constexpr std::array<std::size_t, 3> kSizes{70000, 1, 5000};
  static const auto kFiles = [&] {
    std::array<std::vector<std::byte>, kCount> files;
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < kCount; ++i) {
      files.at(i).resize(kSizes.at(i % kSizes.size()));
      for (std::byte& byte : files.at(i)) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
      }
    }
    return files;
  }();
  return kFiles.at(index % kCount);
}

/// With words that have a dot, which Linux passes to nobody: of others it takes 32 at the most.
std::string padded(std::string line, std::uint64_t length) {
  if (length < line.size()) line.clear();
  for (unsigned i = 0; line.size() < length; ++i)
    line += fmt::format("{}pvh.w{}={}", line.empty() ? "" : " ", i, i);
  line.resize(length);
  // A word's end, so that no space is lost at the end.
  if (!line.empty() && line.back() == ' ') line.back() = 'x';
  return line;
}

Error cannot(std::string why) {
  return Error{.what = Fault::kVariantImpossible, .found = std::move(why)};
}

/// What is asked for before anything is placed.
class Asking {
 public:
  Asking(const Base& base, boot::Request& request) : base_(base), request_(request) {}

  Result<void> operator()(const Version& change) {
    request_.version = change.number;
    return {};
  }
  Result<void> operator()(const NoAcpi&) {
    request_.board.acpi = false;
    return {};
  }
  Result<void> operator()(const Memory& change) {
    request_.memory_size = std::max(request_.memory_size, change.size);
    return {};
  }
  Result<void> operator()(const CommandLineOf& change) {
    request_.command_line = padded(base_.command_line, change.length);
    return {};
  }
  Result<void> operator()(const ModulesOf& change) {
    auto& modules = request_.modules;
    if (modules.size() > change.count) modules.resize(change.count);
    for (std::size_t i = modules.size(); i < change.count; ++i)
      modules.push_back({.name = {}, .bytes = extra_module(i), .command_line = {}});
    for (std::size_t i = 0; i < modules.size(); ++i) {
      modules[i].command_line.reset();
      if (change.own_command_lines) modules[i].command_line = fmt::format("words of module {}", i);
    }
    return {};
  }
  Result<void> operator()(const Ranges& change) {
    for (unsigned i = 0; i < change.count; ++i) {
      const auto range = GuestRange::from_size(GuestAddress{change.at + i * change.stride}, change.size);
      if (range) request_.user_ranges.push_back({change.type, *range});
    }
    return {};
  }
  Result<void> operator()(const MovedBy& change) {
    const image::KernelImage& kernel = base_.kernel;
    if (!kernel.relocation)
      return std::unexpected(cannot("the kernel has no note 19, so it cannot be moved"));
    const std::uint64_t lowest = kernel.extent.start().value() + change.distance;
    const auto at = align_up(std::max(lowest, kernel.relocation->min), kernel.relocation->alignment);
    if (!at) return std::unexpected(cannot("the kernel's note 19 leaves no place"));
    request_.load_address = GuestAddress{*at};
    return {};
  }
  /// All others are for what was planned.
  template <class T>
  Result<void> operator()(const T&) {
    return {};
  }

 private:
  const Base& base_;
  boot::Request& request_;
};

/// What is changed in a plan.
class Changing {
 public:
  explicit Changing(Draft& draft) : draft_(draft) {}

  Result<void> operator()(const NoCommandLine&) { return set("cmdline_paddr", 0); }
  Result<void> operator()(const Member& change) { return set(change.name, change.value); }
  Result<void> operator()(const MapTurnedRound&) {
    auto map = draft_.map();
    std::ranges::reverse(map);
    return put(map);
  }
  Result<void> operator()(const EntryAdded& change) {
    auto map = draft_.map();
    map.insert(change.first ? map.begin() : map.end(), {change.at, change.size, change.type, 0});
    return put(map);
  }
  Result<void> operator()(const RamCut& change) {
    auto map = draft_.map();
    const auto size_of_ram = [](const RawEntry& e) { return e.type == XEN_HVM_MEMMAP_TYPE_RAM ? e.size : 0; };
    const auto largest = std::ranges::max_element(map, {}, size_of_ram);
    if (largest == map.end()) return std::unexpected(cannot("there is no RAM to cut"));
    std::vector<RawEntry> pieces(change.pieces, *largest);
    const std::uint64_t step = align_down(largest->size / change.pieces, kPageSize);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      pieces[i].at = largest->at + i * step;
      pieces[i].size = i + 1 < pieces.size() ? step : largest->size - i * step;
    }
    map.insert(map.erase(largest), pieces.begin(), pieces.end());
    return put(map);
  }
  Result<void> operator()(const ReservedWords& change) {
    draft_.fill_reserved(change.value);
    return {};
  }
  Result<void> operator()(const Placed& change) {
    if (const auto why = draft_.place(change)) return std::unexpected(cannot(*why));
    return {};
  }
  Result<void> operator()(const Selectors& change) {
    draft_.state().cs.selector = change.cs;
    draft_.state().data.selector = change.data;
    draft_.state().tr.selector = change.tr;
    return {};
  }
  Result<void> operator()(const Registers& change) {
    draft_.state().open = change.values;
    return {};
  }
  /// Holes were planned as ranges of a type that nobody has.
  Result<void> operator()(const Ranges& change) {
    if (change.type != kHole) return {};
    auto map = draft_.map();
    std::erase_if(map, [](const RawEntry& entry) { return entry.type == kHole; });
    return put(map);
  }
  template <class T>
  Result<void> operator()(const T&) {
    return {};
  }

 private:
  Result<void> set(std::string_view member, std::uint64_t value) {
    if (draft_.set(member, value)) return {};
    return std::unexpected(cannot("the start info has no such member"));
  }
  Result<void> put(const std::vector<RawEntry>& map) {
    if (draft_.set_map(map)) return {};
    return std::unexpected(cannot("there is no place for the map"));
  }

  Draft& draft_;
};

/// Whether a kernel is to see a command line, map or table at all, as the start info has it.
Given given_of(const boot::Request& request, const Draft& draft) {
  Given out;
  out.version = static_cast<std::uint32_t>(draft.get("version"));
  if (out.version >= 1 && draft.get("memmap_entries") != 0) out.map = draft.map();
  if (out.map) out.ram = ram_of(*out.map);
  if (draft.get("cmdline_paddr") != 0) out.command_line = request.command_line;
  for (const boot::Module& module : request.modules)
    out.modules.push_back({module.bytes.size(), conform::crc32(module.bytes), module.command_line});
  out.acpi = request.board.acpi;
  return out;
}

}  // namespace

std::vector<Span> ram_of(const std::vector<RawEntry>& map) {
  const auto is_ram = [](const RawEntry& entry) { return entry.type == XEN_HVM_MEMMAP_TYPE_RAM; };
  const auto end_of = [](const RawEntry& entry) {
    return entry.size > UINT64_MAX - entry.at ? UINT64_MAX : entry.at + entry.size;
  };
  std::vector<std::uint64_t> edges;
  for (const RawEntry& entry : map) edges.insert(edges.end(), {entry.at, end_of(entry)});
  std::ranges::sort(edges);
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  std::vector<Span> out;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    bool ram = false;
    bool other = false;
    for (const RawEntry& entry : map) {
      if (entry.at > edges[i] || end_of(entry) < edges[i + 1]) continue;
      const bool believed = entry.size <= UINT64_MAX - entry.at;
      ram = ram || (is_ram(entry) && believed);
      other = other || !is_ram(entry);
    }
    if (!ram || other) continue;
    if (!out.empty() && out.back().end == edges[i])
      out.back().end = edges[i + 1];
    else
      out.push_back({edges[i], edges[i + 1]});
  }
  return out;
}

Result<Made> make(const Base& base, const Variant& variant) {
  boot::Request request{.kernel = base.kernel,
                        .modules = base.modules,
                        .command_line = base.command_line,
                        .memory_size = base.memory,
                        .board = {.interval_timer = base.interval_timer}};
  for (const Change& change : variant.changes)
    if (auto done = std::visit(Asking(base, request), change); !done) return std::unexpected(done.error());
  auto plan = boot::plan(request);
  if (!plan) return std::unexpected(plan.error());
  Draft draft(std::move(*plan));
  for (const Change& change : variant.changes)
    if (auto done = std::visit(Changing(draft), change); !done) return std::unexpected(done.error());
  Given given = given_of(request, draft);
  return Made{.plan = std::move(draft).finish(), .given = std::move(given)};
}

}  // namespace pvh::consumers
