#include "pvh/consumers/subject.hpp"

#include <string_view>
#include <utility>

#include "pvh/consumers/linux_disk.hpp"

namespace pvh::consumers {
namespace {

using Failed = std::unexpected<launch::Failure>;

/// So that a Linux speaks, from its first moments on, and ends when it dies. For any other kernel words like
/// any other.
constexpr std::string_view kLinuxLine = "console=ttyS0 earlyprintk=ttyS0 panic=-1";
constexpr std::string_view kOtherLine = "one=1 two=2";

}  // namespace

std::expected<Subject, launch::Failure> open_subject(const launch::MachineOptions& options,
                                                     std::span<const std::string> initrds,
                                                     const std::optional<std::string>& command_line) {
  auto kernel = launch::open_kernel_by_cache(options);
  if (!kernel) return Failed(kernel.error());
  auto image = image::kernel_image(kernel->contents);
  if (!image) return Failed({image.error(), options.kernel});
  const bool is_linux = launch::is_linux(image->elf);

  Subject out{.kernel = std::move(*kernel),
              .image = std::move(*image),
              .files = {},
              .modules = {},
              .command_line = {},
              .is_linux = is_linux};
  for (const std::string& name : initrds) {
    auto file = system::MappedFile::open(name, "initrd");
    if (!file) return Failed({file.error(), name});
    out.modules.push_back({.name = launch::file_name(name), .bytes = file->bytes(), .command_line = {}});
    out.files.push_back(std::move(*file));
  }
  if (out.modules.empty() && is_linux)
    out.modules.push_back({.name = "our initial RAM disk", .bytes = linux_disk(), .command_line = {}});
  out.command_line = command_line.value_or(std::string(is_linux ? kLinuxLine : kOtherLine));
  return out;
}

}  // namespace pvh::consumers
