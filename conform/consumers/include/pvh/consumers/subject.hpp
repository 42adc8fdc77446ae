// The kernel under test and the files that it is given.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pvh/boot/plan.hpp"
#include "pvh/consumers/vary.hpp"
#include "pvh/image/kernel_image.hpp"
#include "pvh/launch/failure.hpp"
#include "pvh/launch/options.hpp"
#include "pvh/launch/prepare.hpp"
#include "pvh/system/mapped_file.hpp"

namespace pvh::consumers {

/// A kernel under test and its files, open. Movable: moving does not move what is viewed.
struct Subject {
  launch::Kernel kernel;
  image::KernelImage image;
  std::vector<system::MappedFile> files;
  std::vector<boot::Module> modules;
  std::string command_line;
  bool is_linux;

  /// What every variant starts from. Views this.
  [[nodiscard]] Base base(bool interval_timer) const {
    return {
        .kernel = image, .modules = modules, .command_line = command_line, .interval_timer = interval_timer};
  }
};

/// Opens the kernel (`options.kernel`, by the cache) and a module for each of `initrds`. A Linux without one
/// gets our initial RAM disk; without `command_line`, words by which a kernel of its kind speaks.
[[nodiscard]] std::expected<Subject, launch::Failure> open_subject(
    const launch::MachineOptions& options, std::span<const std::string> initrds,
    const std::optional<std::string>& command_line);

}  // namespace pvh::consumers
