#include "xen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "files.hpp"

extern "C" const std::byte pvh_xen_lab[], pvh_xen_lab_end[];

namespace pvh::runners {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr int kNotHere = 77;                       // the script's exit code where the lab cannot be had
constexpr std::chrono::seconds kUntilGuests{600};  // fetching packages, and Xen's own start
constexpr std::chrono::seconds kBetweenGuests{30};

std::string name_of(std::size_t number) {
  return fmt::format("case-{:03}", number);
}

/// A guest in the script's notation. The command line comes last, since it may hold anything.
std::string guest_text(const std::string& name, const Job& job, std::chrono::milliseconds limit) {
  const conform::Case& asked = job.work.asked;
  std::string out =
      fmt::format("{}={};memory={};vcpus={};seconds={}", name, job.files.kernel, *asked.memory / kMiB,
                  *asked.cpus, std::max<std::int64_t>(1, (limit.count() + 999) / 1000));
  if (!job.files.modules.empty()) out += ";ramdisk=" + job.files.modules.front();
  if (job.work.guest == Guest::kStops) out += ";registers=1";
  if (!asked.command_line->empty()) out += ";cmdline=" + *asked.command_line;
  return out;
}

std::optional<std::string> beyond_xl(const Work& work) {
  if (work.asked.modules->size() > 1) return "xl has one module, its ramdisk";
  if (work.extra_ranges != 0) return "xl has no word for the memory map";
  // Seen with 4.17: the same tables, and the same RSDP.
  if (!*work.asked.acpi) return "xl takes acpi=0 and gives a PVH guest the tables all the same";
  return std::nullopt;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  const std::size_t start = text.rfind('\n');
  return start == std::string::npos ? text : text.substr(start + 1);
}

/// The script's reason, without its own name.
std::string reason_in(const std::string& errors) {
  constexpr std::string_view kMark = "SKIPPED: ";
  const std::string line = last_line(errors);
  const std::size_t at = line.find(kMark);
  return at == std::string::npos ? line : line.substr(at + kMark.size());
}

/// What xl says in any case tells nothing.
std::string without_routine(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    if (!line.starts_with("Parsing config from ") && !line.starts_with("Waiting for domain "))
      out.append(line).append("\n");
    at = end + 1;
  }
  return out;
}

/// What the script left of a guest, as if xl had been a monitor of its own.
Ran ran_of(const fs::path& out, const std::string& name) {
  const std::string end = contents(out / (name + ".end"));
  Ran ran;
  ran.started = true;
  ran.late = end.starts_with("late");
  ran.exit_code = end.starts_with("refused") ? 1 : 0;
  ran.output = contents(out / (name + ".registers"));
  std::error_code none;
  const auto printed = fs::file_size(out / (name + ".log"), none);
  ran.flooded = !none && printed > kMostOutput;
  ran.errors = without_routine(contents(out / (name + ".xl")));
  return ran;
}

std::unexpected<Error> failed(const std::string& why) {
  return std::unexpected(Error{.what = Fault::kProducerFailed, .subject = "xen", .found = why});
}

Result<Batch> run_xen(const Options& options, std::span<const Job> jobs, const fs::path& folder) {
  const fs::path script = folder / "xen-lab";
  const fs::path list = folder / "guests";
  const fs::path out = folder / "out";
  std::string text;
  std::chrono::milliseconds limit = kUntilGuests;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto own = limit_of(jobs[i].work, options);
    text += guest_text(name_of(i), jobs[i], own) + "\n";
    limit += own + kBetweenGuests;
  }
  if (!write_file(script, {pvh_xen_lab, pvh_xen_lab_end}) || !write_file(list, as_bytes(text)))
    return failed("no files can be written in " + folder.string());
  const Ran ran = run_process({"bash", script, out, "--qemu", options.qemu, "--from", list}, limit);
  if (!ran.started) return failed(ran.reason);
  if (ran.exit_code == kNotHere) return Batch{.not_run = reason_in(ran.errors)};
  Batch batch{.version = "Xen " + last_line(contents(out / "version"))};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::string name = name_of(i);
    if (!fs::exists(out / (name + ".end")))
      return failed(fmt::format("it came to {} of {} guests; {}", i, jobs.size(), last_line(ran.errors)));
    std::error_code ignored;
    Ran guest = ran_of(out, name);
    fs::rename(out / (name + ".log"), jobs[i].files.output, ignored);
    batch.cases.push_back(
        {{"conform/xen/xen-lab", "OUT", guest_text("guest", jobs[i], limit_of(jobs[i].work, options))},
         std::move(guest)});
  }
  return batch;
}

}  // namespace

Monitor xen_monitor(const Options& options) {
  return {.name = "xen",
          .run_all = [options](std::span<const Job> jobs,
                               const std::string& folder) { return run_xen(options, jobs, folder); },
          .cannot = beyond_xl,
          .output_in_file = true};
}

}  // namespace pvh::runners
