// Any bytes as a unified kernel image.
#include <cstdlib>

#include "inside.hpp"
#include "pvh/image/containers.hpp"
#include "pvh/image/kernel_file.hpp"

namespace {

void require_inside(pvh::Bytes file, pvh::Bytes view) {
  if (!pvh::fuzz::inside(file, view)) std::abort();
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
