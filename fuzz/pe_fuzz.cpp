// Any bytes as a unified kernel image.
#include <cstdlib>

#include "pvh/image/containers.hpp"
#include "pvh/image/kernel_file.hpp"

namespace {

/// A view handed out must lie in the file that it views.
void require_inside(pvh::Bytes file, pvh::Bytes view) {
  if (view.empty()) return;
  if (view.data() < file.data() || view.data() + view.size() > file.data() + file.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pvh::Bytes file = std::as_bytes(std::span(data, size));
  if (const auto image = pvh::image::read_unified_image(file); image && *image) {
    require_inside(file, (*image)->kernel);
    if ((*image)->initrd) require_inside(file, *(*image)->initrd);
    for (const auto& text : {(*image)->command_line, (*image)->release, (*image)->os_release})
      if (text) require_inside(file, pvh::as_bytes(*text));
  }
  static_cast<void>(pvh::image::read_kernel_file(file, {.unpacked = pvh::kMiB}));
  return 0;
}
