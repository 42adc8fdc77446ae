#include "pvh/launch/prepare.hpp"

#include <fmt/format.h>
#include <pvh/start_info.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "pvh/launch/devices.hpp"

namespace pvh::launch {
namespace {

using Failed = std::unexpected<Failure>;

struct Modules {
  std::vector<system::MappedFile> files;
  std::vector<boot::Module> modules;
};

std::expected<void, Failure> add_module(Modules& out, const std::string& path, const std::string& role,
                                        std::optional<std::string> command_line) {
  auto file = system::MappedFile::open(path, role);
  if (!file) return Failed({file.error(), path});
  out.modules.push_back(
      {.name = file_name(path), .bytes = file->bytes(), .command_line = std::move(command_line)});
  out.files.push_back(std::move(*file));
  return {};
}

/// The initrd is module 0, because that is where Linux looks for it.
std::expected<Modules, Failure> open_modules(const MachineOptions& options, const image::KernelFile& kernel) {
  Modules out;
  if (options.initrd) {
    auto done = add_module(out, *options.initrd, "initrd", std::nullopt);
    if (!done) return Failed(done.error());
  } else if (kernel.initrd) {
    out.modules.push_back(
        {.name = ".initrd of the unified image", .bytes = *kernel.initrd, .command_line = {}});
  }
  for (const ModuleOption& module : options.modules) {
    const std::string role = fmt::format("module {}", out.modules.size());
    auto done = add_module(out, module.path, role, module.command_line);
    if (!done) return Failed(done.error());
  }
  return out;
}

/// A seed that nobody chose. 32 bits: enough for where a kernel may lie, short to type, and exact in every
/// JSON reader.
std::uint64_t draw_seed() {
  std::uint32_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed)) return seed;
  // A placement need not be unpredictable to be of use; only to differ.
  return static_cast<std::uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

board::Board board_of(const MachineOptions& options) {
  board::Board board;
  board.cpus = options.cpus;
  board.virtio_devices = count_devices(options);
  board.acpi = options.acpi;
  board.interval_timer = options.interval_timer;
  return board;
}

}  // namespace

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_linux(const image::ElfFile& elf) {
  return std::ranges::any_of(elf.notes, [](const image::Note& note) { return note.owner == "Linux"; });
}

std::expected<Kernel, Failure> open_kernel(const std::string& path, std::uint64_t max_unpacked) {
  auto file = system::MappedFile::open(path, "the kernel");
  if (!file) return Failed({file.error(), path});
  auto contents = image::read_kernel_file(file->bytes(), {.unpacked = max_unpacked});
  if (!contents) return Failed({contents.error(), path});
  return Kernel{std::move(*file), nullptr, std::move(*contents)};
}

std::expected<Kernel, Failure> open_kernel_by_cache(const MachineOptions& options) {
  auto file = system::MappedFile::open(options.kernel, "the kernel");
  if (!file) return Failed({file.error(), options.kernel});
  auto cache = std::make_unique<KernelCache>(*file, options.kernel, options.cache_limit);
  auto contents = image::read_kernel_file(file->bytes(), {.unpacked = options.max_unpacked}, cache.get());
  if (!contents) return Failed({contents.error(), options.kernel});
  cache->keep(*contents);
  return Kernel{std::move(*file), std::move(cache), std::move(*contents)};
}

std::expected<Prepared, Failure> prepare(const MachineOptions& options) {
  auto kernel =
      options.cache ? open_kernel_by_cache(options) : open_kernel(options.kernel, options.max_unpacked);
  if (!kernel) return Failed(kernel.error());
  auto kernel_image = image::kernel_image(kernel->contents);
  if (!kernel_image) return Failed({kernel_image.error(), options.kernel});
  auto modules = open_modules(options, kernel->contents);
  if (!modules) return Failed(modules.error());

  std::optional<std::uint64_t> seed;
  if (options.randomize) seed = options.seed ? *options.seed : draw_seed();
  std::string command_line =
      options.command_line ? *options.command_line : kernel->contents.command_line.value_or(std::string());
  auto plan = boot::plan({.kernel = *kernel_image,
                          .modules = modules->modules,
                          .command_line = command_line,
                          .memory_size = options.memory,
                          .board = board_of(options),
                          .version = options.start_info_version,
                          .load_address = options.load_address,
                          .randomize_seed = seed,
                          .user_ranges = options.memory_map});
  if (!plan) return Failed({plan.error(), options.kernel});
  return Prepared{.kernel = std::move(*kernel),
                  .image = std::move(*kernel_image),
                  .module_files = std::move(modules->files),
                  .modules = std::move(modules->modules),
                  .command_line = std::move(command_line),
                  .seed = seed,
                  .plan = std::move(*plan)};
}

std::vector<FileView> Prepared::files() const {
  std::vector<FileView> out{kernel.file.view()};
  if (kernel.cache) {
    if (const auto unpacked = kernel.cache->unpacked()) out.push_back(*unpacked);
  }
  for (const system::MappedFile& file : module_files) out.push_back(file.view());
  return out;
}

std::uint64_t rsdp_of(const boot::BootPlan& plan) {
  for (const boot::Region& region : plan.regions) {
    if (region.range.start() != plan.start_info) continue;
    return read_le<std::uint64_t>(region.content.bytes, offsetof(hvm_start_info, rsdp_paddr)).value_or(0);
  }
  return 0;
}

}  // namespace pvh::launch
