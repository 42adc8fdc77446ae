// The guest's reader over a whole synthetic guest memory: whatever lies there, nothing outside it is read,
// what comes out keeps its promises, and the memory map agrees with the slow reference.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "pvh/guest/command_line.hpp"
#include "pvh/guest/start_info.hpp"
#include "reference_map.hpp"

namespace {

using namespace pvh::guest;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr uint64_t kStartInfo = 64;

/// Readable are the input's bytes, from address 0, and the same bytes again below the top of the address
/// space, where sums wrap. Each in an allocation of exactly its size, for the sanitizer.
struct InputMemory {
  std::vector<unsigned char> bytes;
  uint64_t reads = 0;

  static int read(void* context, uint64_t paddr, void* out, std::size_t size) {
    auto& self = *static_cast<InputMemory*>(context);
    require(size != 0 && size <= 512 && size - 1 <= UINT64_MAX - paddr);
    // No table of the size of this memory is worth more; a hostile count must not mean that many reads.
    require(++self.reads < 1000000);
    const uint64_t have = self.bytes.size();
    const uint64_t high = UINT64_MAX - have + 1;
    const uint64_t offset = have != 0 && paddr >= high ? paddr - high : paddr;
    if (offset > have || size > have - offset) return 0;
    std::memcpy(out, self.bytes.data() + offset, size);
    return 1;
  }
};

void check_string(const pvh::guest::Memory& memory, const Result<String>& string) {
  if (!string) {
    require(string.is_absent() || string.error().clause != Clause::kNone);
    return;
  }
  std::vector<char> text(string->size + 1);
  require(static_cast<bool>(copy_string(memory, *string, text.data(), text.size())));
  require(std::memchr(text.data(), 0, text.size()) == text.data() + string->size);
  require(copy_string(memory, *string, text.data(), string->size).is_broken());

  const CommandLine line(Text(text.data(), string->size));
  std::size_t position = 0;
  std::size_t before = 0;
  while (const auto argument = line.next(position)) {
    require(position > before && position <= string->size);
    before = position;
    require(argument->key.data >= text.data() &&
            argument->key.data + argument->key.size <= text.data() + position);
    if (!argument->has_value) continue;
    require(argument->value.data > argument->key.data + argument->key.size);
    require(argument->value.data + argument->value.size <= text.data() + position);
  }
  require(position == string->size);
}

void check_sorted_and_disjoint(const std::vector<MapRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    require(ranges[i].first <= ranges[i].last);
    if (i == 0) continue;
    require(ranges[i - 1].last < ranges[i].first);
    require(ranges[i - 1].type != ranges[i].type || ranges[i - 1].last + 1 != ranges[i].first);
  }
}

/// Every byte of RAM that comes out is RAM in some raw entry and nothing else in any.
void check_ram(const std::vector<MapRange>& raw, const std::vector<MapRange>& ranges) {
  std::vector<MapRange> raw_ram;
  for (const auto& range : raw)
    if (range.type == XEN_HVM_MEMMAP_TYPE_RAM) raw_ram.push_back(range);
  raw_ram = reference_normalise(raw_ram);
  for (const auto& range : ranges) {
    if (range.type != XEN_HVM_MEMMAP_TYPE_RAM) continue;
    require(std::any_of(raw_ram.begin(), raw_ram.end(), [&](const MapRange& ram) {
      return ram.first <= range.first && range.last <= ram.last;
    }));
    for (const auto& other : raw)
      if (other.type != XEN_HVM_MEMMAP_TYPE_RAM)
        require(other.last < range.first || range.last < other.first);
  }
}

void check_map(const MemoryMap& map) {
  std::vector<MapRange> storage(storage_for(64));
  const auto raw_count = map.collect(storage.data(), storage.size());
  if (!raw_count) {
    require(raw_count.is_broken());
    if (raw_count.error().fault == Fault::kUnreadable) require(map.next(0).is_broken());
    return;
  }
  const std::vector<MapRange> raw(storage.begin(), storage.begin() + static_cast<std::ptrdiff_t>(*raw_count));
  storage.resize(std::max<std::size_t>(storage.size(), storage_for(raw.size())));
  const auto count = normalise(storage.data(), storage.size(), raw.size());
  require(static_cast<bool>(count));
  storage.resize(*count);
  check_sorted_and_disjoint(storage);
  check_ram(raw, storage);
  require(same_ranges(storage, reference_normalise(raw)));

  uint64_t from = 0;
  for (const auto& wanted : storage) {
    const auto range = map.next(from);
    require(range && range->first == wanted.first && range->last == wanted.last &&
            range->type == wanted.type);
    from = wanted.last + 1;
  }
  if (storage.empty() || storage.back().last != UINT64_MAX) require(map.next(from).is_absent());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Big enough for tables of some dozens of entries, small enough that the slow reference stays fast.
  if (size > 4096) return 0;
  InputMemory bytes{std::vector<unsigned char>(data, data + size)};
  const pvh::guest::Memory memory{&InputMemory::read, &bytes};

  // The magic is given, so that the fuzzer need not guess it.
  if (size >= kStartInfo + 4) {
    require(StartInfo::parse(memory, 0).is_broken());
    const unsigned char magic[] = {0x78, 0xc5, 0x6e, 0x33};
    std::copy(std::begin(magic), std::end(magic), bytes.bytes.begin() + kStartInfo);
  }
  const auto info = StartInfo::parse(memory, kStartInfo);
  if (!info) {
    require(info.is_broken() && size < kStartInfo + 56);
    return 0;
  }

  check_string(memory, info->command_line());
  check_string(memory, info->command_line(5));
  for (uint32_t i = 0; i < std::min<uint32_t>(info->module_count(), 100); ++i) {
    const auto module = info->module(i);
    if (!module) continue;
    require(module->size == 0 || module->size - 1 <= UINT64_MAX - module->paddr);
    check_string(memory, info->command_line_of(*module));
  }
  if (info->version() == 0) require(info->memory_map().is_absent());
  if (const auto map = info->memory_map()) check_map(*map);

  const auto first_error =
      info->reserve([](void*, const Reservation& kept) { require(kept.first <= kept.last); }, nullptr);
  const bool good =
      info->check([](void*, const Error& error) { require(error.clause != Clause::kNone); }, nullptr);
  require(!good || first_error.fault == Fault::kNone);
  return 0;
}
