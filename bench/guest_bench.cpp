// What the guest library costs a kernel: reading a usual start of day, and putting a large memory map in
// order beside std::sort. It links the archive that a kernel links, so the figures are those of what is
// installed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "pvh/guest/start_info.hpp"

namespace {

using namespace pvh::guest;

/// A start of day as a microvm has it: 6 entries of map, one module, a command line.
class StartOfDay {
 public:
  StartOfDay() : bytes_(4096) {
    const hvm_start_info info{.magic = XEN_HVM_START_MAGIC_VALUE,
                              .version = 1,
                              .flags = 0,
                              .nr_modules = 1,
                              .modlist_paddr = kModules,
                              .cmdline_paddr = kCommandLine,
                              .rsdp_paddr = 0xe0000,
                              .memmap_paddr = kMap,
                              .memmap_entries = 6,
                              .reserved = 0};
    const hvm_modlist_entry module{.paddr = 0x1e000000, .size = 0x1c00000, .cmdline_paddr = 0, .reserved = 0};
    const hvm_memmap_table_entry map[] = {
        {.addr = 0, .size = 0x9fc00, .type = XEN_HVM_MEMMAP_TYPE_RAM, .reserved = 0},
        {.addr = 0xe0000, .size = 0x3000, .type = XEN_HVM_MEMMAP_TYPE_ACPI, .reserved = 0},
        {.addr = 0xf0000, .size = 0x10000, .type = XEN_HVM_MEMMAP_TYPE_RESERVED, .reserved = 0},
        {.addr = 0x100000, .size = 0x1ff00000, .type = XEN_HVM_MEMMAP_TYPE_RAM, .reserved = 0},
        {.addr = 0xfea00000, .size = 0x1000, .type = XEN_HVM_MEMMAP_TYPE_RESERVED, .reserved = 0},
        {.addr = 0xfeb00000, .size = 0x3000, .type = XEN_HVM_MEMMAP_TYPE_RESERVED, .reserved = 0},
    };
    std::memcpy(bytes_.data() + kInfo, &info, sizeof info);
    std::memcpy(bytes_.data() + kModules, &module, sizeof module);
    std::memcpy(bytes_.data() + kMap, map, sizeof map);
    std::strcpy(reinterpret_cast<char*>(bytes_.data() + kCommandLine), "console=ttyS0 quiet panic=-1");
  }

  [[nodiscard]] Memory memory() { return {&StartOfDay::read, this}; }
  static constexpr std::uint64_t kInfo = 64;

 private:
  static constexpr std::uint64_t kModules = 128;
  static constexpr std::uint64_t kMap = 256;
  static constexpr std::uint64_t kCommandLine = 512;

  static int read(void* context, std::uint64_t paddr, void* out, std::size_t size) {
    const auto& bytes = static_cast<StartOfDay*>(context)->bytes_;
    if (paddr > bytes.size() || size > bytes.size() - paddr) return 0;
    std::memcpy(out, bytes.data() + paddr, size);
    return 1;
  }

  std::vector<unsigned char> bytes_;
};

void parse(benchmark::State& state) {
  StartOfDay day;
  const Memory memory = day.memory();
  for (auto _ : state) benchmark::DoNotOptimize(StartInfo::parse(memory, StartOfDay::kInfo));
}
BENCHMARK(parse);

/// All of it: structure, module, and the six entries as ranges. Its promise is 50 ns.
void usual_start_of_day(benchmark::State& state) {
  StartOfDay day;
  const Memory memory = day.memory();
  MapRange ranges[storage_for(6)];
  for (auto _ : state) {
    const auto info = StartInfo::parse(memory, StartOfDay::kInfo);
    benchmark::DoNotOptimize(info->module(0));
    benchmark::DoNotOptimize(info->memory_map()->collect(ranges, std::size(ranges)));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(usual_start_of_day);

/// Also the command line measured, and the map sorted.
void usual_start_of_day_and_more(benchmark::State& state) {
  StartOfDay day;
  const Memory memory = day.memory();
  MapRange ranges[storage_for(6)];
  for (auto _ : state) {
    const auto info = StartInfo::parse(memory, StartOfDay::kInfo);
    benchmark::DoNotOptimize(info->command_line());
    benchmark::DoNotOptimize(info->module(0));
    const auto count = info->memory_map()->collect(ranges, std::size(ranges));
    benchmark::DoNotOptimize(normalise(ranges, std::size(ranges), *count));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(usual_start_of_day_and_more);

std::vector<MapRange> shuffled(std::size_t count) {
  std::vector<MapRange> ranges(count);
  for (std::size_t i = 0; i < count; ++i)
    ranges[i] = {i * 0x3000, i * 0x3000 + 0x1fff, static_cast<std::uint32_t>(1 + i % 2), 0};
  std::ranges::shuffle(ranges, std::mt19937_64(1));
  return ranges;
}

/// The copy that both loops make of their input costs both the same.
void normalise_shuffled(benchmark::State& state) {
  const auto ranges = shuffled(static_cast<std::size_t>(state.range(0)));
  std::vector<MapRange> storage(storage_for(ranges.size()));
  for (auto _ : state) {
    std::ranges::copy(ranges, storage.begin());
    const auto count = normalise(storage.data(), storage.size(), ranges.size());
    if (!count || *count != ranges.size()) state.SkipWithError("wrong result");
  }
}
BENCHMARK(normalise_shuffled)->Arg(100000)->Unit(benchmark::kMillisecond);

void std_sort_shuffled(benchmark::State& state) {
  const auto ranges = shuffled(static_cast<std::size_t>(state.range(0)));
  std::vector<MapRange> storage(ranges.size());
  for (auto _ : state) {
    std::ranges::copy(ranges, storage.begin());
    std::sort(storage.begin(), storage.end(),
              [](const MapRange& a, const MapRange& b) { return a.first < b.first; });
    benchmark::DoNotOptimize(storage.data());
  }
}
BENCHMARK(std_sort_shuffled)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
