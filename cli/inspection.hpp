// What `pvh inspect` found out, between finding it and saying it.
#pragma once

#include <string>

#include "pvh/launch/prepare.hpp"

namespace pvh::cli {

struct Inspection {
  std::string path;
  const image::KernelFile& file;
  Result<image::KernelImage> bootable;  ///< or why it is not
};

/// Whether the file is sound and merely says nothing of this way to boot: no news of a broken file.
[[nodiscard]] bool only_lacks_entry(const Error& error);

/// The compression that the ELF lay in, innermost.
[[nodiscard]] image::Compression innermost_compression(const image::KernelFile& file);

}  // namespace pvh::cli
