// From what the user named to a plan: files opened, kernel taken apart, everything placed. The same for `pvh
// plan` and for both engines.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pvh/base/file_view.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/image/kernel_file.hpp"
#include "pvh/image/kernel_image.hpp"
#include "pvh/launch/failure.hpp"
#include "pvh/launch/kernel_cache.hpp"
#include "pvh/launch/options.hpp"
#include "pvh/system/mapped_file.hpp"

namespace pvh::launch {

/// A kernel file, open, and what is in it.
struct Kernel {
  system::MappedFile file;
  std::unique_ptr<KernelCache> cache;  ///< null without
  image::KernelFile contents;          ///< views `file`, or what `cache` holds
};

/// Takes the file itself apart, whatever is kept of it.
[[nodiscard]] std::expected<Kernel, Failure> open_kernel(const std::string& path, std::uint64_t max_unpacked);
/// The same by the cache, where that has the unpacked ELF; else it is put there.
[[nodiscard]] std::expected<Kernel, Failure> open_kernel_by_cache(const MachineOptions& options);

/// A plan and all that it views. Movable: moving does not move what is viewed.
struct Prepared {
  Kernel kernel;
  image::KernelImage image;
  std::vector<system::MappedFile> module_files;
  std::vector<boot::Module> modules;
  std::string command_line;
  std::optional<std::uint64_t> seed;  ///< of a placement at random: the user's, or one that was drawn
  boot::BootPlan plan;

  /// The files that the plan's regions view.
  [[nodiscard]] std::vector<FileView> files() const;
};

[[nodiscard]] std::expected<Prepared, Failure> prepare(const MachineOptions& options);

/// The last part of `path`: what a module or a kernel is called.
[[nodiscard]] std::string file_name(const std::string& path);

/// Whether the kernel's notes say that it is Linux.
[[nodiscard]] bool is_linux(const image::ElfFile& elf);

/// The RSDP's address as the start info of `plan` has it; 0 where there are no ACPI tables (START-7).
[[nodiscard]] std::uint64_t rsdp_of(const boot::BootPlan& plan);

}  // namespace pvh::launch
