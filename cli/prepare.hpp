// From what the user named to a plan: files opened, kernel taken apart, everything placed. `plan` and `run`
// do the same up to here.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "files.hpp"
#include "kernel_cache.hpp"
#include "options.hpp"
#include "pvh/base/file_view.hpp"
#include "pvh/boot/plan.hpp"
#include "pvh/image/kernel_file.hpp"
#include "pvh/image/kernel_image.hpp"
#include "words.hpp"

namespace pvh::cli {

/// A kernel file, open, and what is in it.
struct Kernel {
  MappedFile file;
  std::unique_ptr<KernelCache> cache;  ///< null without
  image::KernelFile contents;          ///< views `file`, or what `cache` holds
};

/// Takes the file itself apart, whatever is kept of it.
[[nodiscard]] std::expected<Kernel, Failure> open_kernel(const std::string& path, std::uint64_t max_unpacked);
/// The same by the cache, where that has the unpacked ELF; else it is put there.
[[nodiscard]] std::expected<Kernel, Failure> open_kernel_by_cache(const std::string& path,
                                                                  std::uint64_t max_unpacked);

/// A plan and all that it views. Movable: moving does not move what is viewed.
struct Prepared {
  Kernel kernel;
  image::KernelImage image;
  std::vector<MappedFile> module_files;
  std::vector<boot::Module> modules;
  std::string command_line;
  std::optional<std::uint64_t> seed;  ///< of a placement at random: the user's, or one that was drawn
  boot::BootPlan plan;

  /// The files that the plan's regions view.
  [[nodiscard]] std::vector<FileView> files() const;
};

[[nodiscard]] std::expected<Prepared, Failure> prepare(const MachineOptions& options);

/// The RSDP's address as the start info of `plan` has it; 0 where there are no ACPI tables (START-7).
[[nodiscard]] std::uint64_t rsdp_of(const boot::BootPlan& plan);

}  // namespace pvh::cli
