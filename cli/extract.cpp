// pvh extract: the ELF inside.

#include <fmt/format.h>
#include <unistd.h>

#include "commands.hpp"
#include "output.hpp"
#include "pvh/launch/prepare.hpp"
#include "pvh/system/write_file.hpp"
#include "units.hpp"
#include "words.hpp"

namespace pvh::cli {
namespace {

int fail(const Failure& failure) {
  complain(message(failure));
  return kExitError;
}

}  // namespace

int extract(const ExtractOptions& options) {
  const bool to_stdout = options.output.empty() || options.output == "-" || options.output == "/dev/stdout";
  if (to_stdout && ::isatty(STDOUT_FILENO) != 0) return fail({Error{.what = Fault::kOutputIsTerminal}});

  const auto kernel = launch::open_kernel(options.file, options.max_unpacked);
  if (!kernel) return fail(kernel.error());
  const Bytes elf = kernel->contents.elf.bytes;

  const auto written =
      to_stdout ? system::write_all(STDOUT_FILENO, elf) : system::write_file(options.output, elf);
  if (!written) return fail({written.error(), to_stdout ? "standard output" : options.output});
  if (options.verbose || (!to_stdout && ::isatty(STDERR_FILENO) != 0)) {
    complain(fmt::format("pvh: {}: {} written to {}\n", printable(options.file), format_size(elf.size()),
                         to_stdout ? "standard output" : printable(options.output)));
  }
  return kExitDone;
}

}  // namespace pvh::cli
