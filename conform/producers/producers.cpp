#include "pvh/producers/producers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cases.hpp"
#include "files.hpp"
#include "monitors.hpp"
#include "pvh/producers/process.hpp"
#include "pvh/producers/workers.hpp"
#include "registers.hpp"

namespace pvh::runners {
namespace {

namespace fs = std::filesystem;
using conform::Capture;
using conform::Outcome;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostWords = 600;
constexpr int kOfSignal = 128;  // from here on a shell's child was ended by a signal

/// A folder that goes when this does.
class Folder {
 public:
  static Result<Folder> make() {
    std::error_code problem;
    const fs::path parent = fs::temp_directory_path(problem);
    const char* const named = std::getenv("TMPDIR");
    if (problem)
      return std::unexpected(
          no_files(named != nullptr ? named : "the folder for temporary files", "it is no folder"));
    std::string name = (parent / "pvh-conform.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return std::unexpected(no_files(parent, std::strerror(errno)));
    return Folder(name);
  }
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

  [[nodiscard]] static Error no_files(const fs::path& where, std::string_view why) {
    return {.what = Fault::kProducerFailed,
            .found = fmt::format("no files can be written in {}: {}", where.string(), why)};
  }

 private:
  explicit Folder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<Files> write_files(const fs::path& folder, const Work& work) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  Files files{.kernel = folder / "kernel.elf", .modules = {}, .output = folder / "output"};
  bool done = write_file(files.kernel, guest_file(work.guest));
  for (std::size_t i = 0; i < work.modules.size(); ++i) {
    files.modules.push_back(folder / fmt::format("module{}", i));
    done = write_file(files.modules.back(), work.modules[i]) && done;
  }
  if (!done) return std::unexpected(Folder::no_files(folder, "is there room?"));
  return files;
}

/// The program's own words, in one line.
std::string words_of(const Monitor& monitor, const Ran& ran) {
  // Where the guest's output goes to a file, standard output is a console for whoever sits there.
  std::string text = ran.errors.empty() && !monitor.output_in_file ? ran.output : ran.errors;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() > kMostWords) text = text.substr(0, kMostWords) + "…";
  std::string out;
  for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  return out;
}

std::string ending_of(const Ran& ran) {
  return ran.signal != 0 ? fmt::format("signal {}", ran.signal) : fmt::format("exit code {}", ran.exit_code);
}

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{} s", static_cast<double>(time.count()) / 1000);
}

std::string told_of_flood() {
  return fmt::format("its output had grown beyond {} MiB", kMostOutput / kMiB);
}

/// What to make of a producer whose guest did not come to its end.
void explain(Capture& capture, const Monitor& monitor, const Ran& ran, bool guest_said_something,
             std::chrono::milliseconds limit) {
  const std::string told = words_of(monitor, ran);
  if (ran.flooded) {
    capture.outcome = Outcome::kGarbage;
    capture.words = fmt::format("{}: {}", told_of_flood(), capture.words);
  } else if (ran.late) {
    capture.outcome = Outcome::kHung;
    capture.words =
        fmt::format("the guest did not come to its end within {}: {}", seconds(limit), capture.words);
  } else if (!guest_said_something && ran.signal == 0 && ran.exit_code != 0 && told.empty()) {
    // An end without a word is no refusal, which says why.
    capture.words = fmt::format("the producer ended with {} and printed nothing", ending_of(ran));
  } else if (!guest_said_something && ran.signal == 0 && ran.exit_code != 0 && ran.exit_code < kOfSignal) {
    capture.outcome = Outcome::kRefused;
    capture.words = told;
  } else {
    capture.words +=
        fmt::format("; the producer ended with {}{}{}", ending_of(ran), told.empty() ? "" : ": ", told);
  }
}

/// Of the guest that stops at its entry.
Capture capture_of_stop(const Monitor& monitor, const conform::Case& told, const Ran& ran,
                        std::chrono::milliseconds limit) {
  Capture capture{.asked = told};
  if (add_registers(capture, ran.errors + ran.output)) return capture;
  const std::string words = words_of(monitor, ran);
  capture.outcome = ran.late ? Outcome::kHung : ran.flooded ? Outcome::kGarbage : Outcome::kDied;
  capture.words = "the registers were not shown";
  if (ran.late)
    capture.words += " within " + seconds(limit);
  else if (ran.flooded)
    capture.words += "; " + told_of_flood();
  else
    capture.words += "; the producer ended with " + ending_of(ran);
  if (!words.empty()) capture.words += ": " + words;
  return capture;
}

Capture capture_of_run(const Monitor& monitor, const Work& work, const Files& files, const Ran& ran,
                       std::chrono::milliseconds limit) {
  const conform::Case told = monitor.told ? monitor.told(work) : work.asked;
  if (!ran.started) {
    Capture capture{.asked = told, .outcome = Outcome::kRefused};
    capture.words = "it could not be started: " + ran.reason;
    return capture;
  }
  if (work.guest == Guest::kStops) return capture_of_stop(monitor, told, ran, limit);
  const std::string output = monitor.output_in_file ? contents(files.output) : ran.output;
  Capture capture = conform::capture_of(output, told);
  correct(work.guest, capture);
  if (capture.outcome != Outcome::kCaptured)
    explain(capture, monitor, ran, capture.image.has_value() || (monitor.output_in_file && !output.empty()),
            limit);
  return capture;
}

/// Where files lay means nothing to whoever reads the capture elsewhere.
void replace_all(std::string& text, const std::string& name, std::string_view by) {
  if (name.empty()) return;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + by.size()))
    text.replace(at, name.size(), by);
}

/// The same for a case of a batch as for one that was a program of its own.
Capture finished(Capture capture, const Monitor& monitor, const std::vector<std::string>& command,
                 const fs::path& folder, const Options& options) {
  capture.producer = monitor.name;
  capture.command = shell_text(command);
  for (std::string* text : {&capture.command, &capture.words}) {
    replace_all(*text, folder.string(), "FILES");
    replace_all(*text, options.pvh, "pvh");
  }
  return capture;
}

Result<Capture> run_case(const Monitor& monitor, const Work& work, const Options& options) {
  const auto folder = Folder::make();
  if (!folder) return std::unexpected(folder.error());
  const auto files = write_files(folder->path(), work);
  if (!files) return std::unexpected(files.error());
  const std::vector<std::string> command = monitor.command(work, *files);
  const bool asks = monitor.asks_registers && work.guest == Guest::kStops;
  const auto limit = limit_of(work, options);
  const Ran ran = run_process(command, limit, asks ? ask_registers() : Talk(), {},
                              monitor.output_in_file ? files->output : "");
  return finished(capture_of_run(monitor, work, *files, ran, limit), monitor, command, folder->path(),
                  options);
}

/// Each case by a program of its own, some at the same time.
Result<std::vector<Capture>> run_each(const Monitor& monitor, const std::vector<Work>& works,
                                      const Options& options) {
  std::vector<Result<Capture>> ran(works.size());
  std::atomic<std::size_t> next = 0;
  const auto worker = [&] {
    for (std::size_t i = next++; i < works.size() && !ChildrenEndWithUs::told_to_end(); i = next++)
      ran[i] = run_case(monitor, works[i], options);
  };
  work_together(options.jobs, worker);
  std::vector<Capture> captures;
  for (Result<Capture>& one : ran) {
    if (!one) return std::unexpected(one.error());
    captures.push_back(std::move(*one));
  }
  return captures;
}

/// All cases by one program, which may say why there is none.
Result<std::vector<Capture>> run_together(const Monitor& monitor, std::vector<Work> works,
                                          const Options& options, conform::ProducerReport& report) {
  const auto folder = Folder::make();
  if (!folder) return std::unexpected(folder.error());
  std::vector<Job> jobs;
  for (Work& work : works) {
    auto files = write_files(folder->path() / fmt::format("case-{:03}", jobs.size()), work);
    if (!files) return std::unexpected(files.error());
    jobs.push_back({std::move(work), std::move(*files)});
  }
  const auto batch = monitor.run_all(jobs, folder->path().string());
  if (!batch) return std::unexpected(batch.error());
  report.version = batch->version;
  report.not_run = batch->not_run;
  std::vector<Capture> captures;
  for (std::size_t i = 0; i < batch->cases.size(); ++i) {
    const auto& [command, ran] = batch->cases[i];
    const auto& [work, files] = jobs[i];
    captures.push_back(finished(capture_of_run(monitor, work, files, ran, limit_of(work, options)), monitor,
                                command, folder->path(), options));
  }
  return captures;
}

std::string version_of(const Monitor& monitor, std::chrono::milliseconds limit) {
  if (monitor.version_command.empty()) return "";
  const Ran ran = run_process(monitor.version_command, limit);
  return ran.output.substr(0, ran.output.find('\n'));
}

}  // namespace

Result<void> check_producer(const std::string& name) {
  const auto monitor = monitor_named(name, {});
  if (!monitor) return std::unexpected(monitor.error());
  return {};
}

Result<conform::ProducerReport> run_producer(const std::string& name, const Options& options) {
  const auto monitor = monitor_named(name, options);
  if (!monitor) return std::unexpected(monitor.error());
  const ChildrenEndWithUs children;
  const Clock::time_point start = Clock::now();
  if (const auto why = monitor->absent ? monitor->absent() : std::nullopt)
    return conform::ProducerReport{.producer = name, .not_run = *why};
  conform::ProducerReport report{.producer = name, .version = version_of(*monitor, options.limit)};
  std::vector<Work> works;
  for (Work& work : matrix(options.matrix)) {
    if (!options.only.empty() && std::ranges::find(options.only, work.asked.name) == options.only.end())
      continue;
    if (const auto why = monitor->cannot(work))
      report.left_out.push_back({work.asked.name, *why});
    else
      works.push_back(std::move(work));
  }

  auto captures = monitor->run_all ? run_together(*monitor, std::move(works), options, report)
                                   : run_each(*monitor, works, options);
  if (!captures) {
    Error error = captures.error();
    error.subject = name;
    return std::unexpected(error);
  }
  for (Capture& capture : *captures) {
    capture.version = report.version;
    auto findings = conform::judge(capture);
    report.results.push_back({std::move(capture), std::move(findings)});
  }
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  return report;
}

}  // namespace pvh::runners
