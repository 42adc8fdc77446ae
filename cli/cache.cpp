// pvh cache: what is kept of compressed kernels, and its end.

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "cache_limit.hpp"
#include "commands.hpp"
#include "json.hpp"
#include "output.hpp"
#include "units.hpp"

namespace pvh::cli {
namespace {

std::string day_of(std::uint64_t nanoseconds) {
  const auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  std::tm local = {};
  if (::localtime_r(&seconds, &local) == nullptr) return "-";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min);
}

std::string list_text(const std::string& directory, const cache::Contents& contents, std::uint64_t limit) {
  std::string text;
  if (!contents.kernels.empty())
    fmt::format_to(std::back_inserter(text), "{:>10}  {:<16}  {}\n", "size", "last used", "kernel");
  for (const cache::KeptKernel& kernel : contents.kernels) {
    const std::string release =
        kernel.label.release.empty() ? "" : " (" + printable(kernel.label.release) + ")";
    fmt::format_to(std::back_inserter(text), "{:>10}  {:<16}  {}{}\n", format_size(kernel.size),
                   day_of(kernel.last_used), printable(kernel.label.path), release);
  }
  fmt::format_to(std::back_inserter(text), "{} of at most {} in {}\n", format_size(contents.total),
                 format_size(limit), directory.empty() ? "no directory" : printable(directory));
  return text;
}

}  // namespace

int cache_command(const CacheOptions& options) {
  auto store = cache::Store::open(cache::Access::kRead);
  if (!store) {
    const Failure failure{store.error(), ""};
    if (options.json && !print(failure_json(failure))) return kExitError;
    complain(message(failure));
    return kExitError;
  }
  const std::uint64_t limit = cache_limit();
  const std::string directory = *store ? (*store)->path() : "";
  cache::Contents contents;
  std::uint64_t freed = 0;
  if (*store) {
    cache::Kernels kernels(std::move(**store), limit);
    if (options.clear) freed = kernels.clear();
    contents = kernels.list();
  }
  if (options.json) return print(cache_json(directory, contents, limit)) ? kExitDone : kExitError;
  if (options.clear) return print(fmt::format("{} freed\n", format_size(freed))) ? kExitDone : kExitError;
  return print(list_text(directory, contents, limit)) ? kExitDone : kExitError;
}

}  // namespace pvh::cli
