#include "conform_output.hpp"

#include "commands.hpp"
#include "json.hpp"
#include "output.hpp"
#include "pvh/system/write_file.hpp"

namespace pvh::cli {
namespace {

/// Whether the user named something that is none, rather than something that went wrong.
bool is_wrong_usage(Fault fault) {
  switch (fault) {
    case Fault::kUnknownProducer:
    case Fault::kUnknownVariant:
    case Fault::kNoKernelPlace:
    case Fault::kOpenTemplate:
    case Fault::kUnknownPlace:
      return true;
    default:
      return false;
  }
}

}  // namespace

int fail(const ConformOptions& options, const Failure& failure) {
  if (options.json && !print(failure_json(failure))) return kExitError;
  complain(message(failure));
  return is_wrong_usage(failure.error.what) ? kExitUsage : kExitError;
}

bool written(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  const auto done = system::write_file(path, as_bytes(text));
  if (!done) complain(message({done.error(), path}));
  return done.has_value();
}

}  // namespace pvh::cli
