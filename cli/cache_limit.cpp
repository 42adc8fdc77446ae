#include "cache_limit.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "output.hpp"
#include "pvh/cache/kernels.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {

std::uint64_t cache_limit() {
  const char* const text = std::getenv("PVH_CACHE_SIZE");
  if (text == nullptr || *text == '\0') return cache::kDefaultLimit;
  if (const auto size = parse_size(text)) return *size;
  complain(fmt::format("pvh: PVH_CACHE_SIZE is not a size such as 512M: {}\n", printable(text)));
  return cache::kDefaultLimit;
}

}  // namespace pvh::cli
