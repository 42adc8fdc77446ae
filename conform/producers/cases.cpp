#include "cases.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace pvh::runners {
namespace {

using conform::Case;
using conform::ModuleAsked;

/// Bytes that no two modules share.
std::vector<std::byte> content(std::size_t size, unsigned seed) {
  std::vector<std::byte> out(size);
  std::uint64_t state = seed + 1;
  for (std::byte& byte : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
  return out;
}

Work work(std::string name, Clause about, std::uint64_t mebibytes = 128) {
  Work out;
  out.asked = {.name = std::move(name), .about = about};
  out.asked.memory = mebibytes * kMiB;
  out.asked.cpus = 1;
  out.asked.acpi = true;
  out.asked.command_line = "console=ttyS0 one=1";
  out.asked.modules.emplace();
  return out;
}

void add_module(Work& out, std::size_t size, std::optional<std::string> command_line = {}) {
  auto bytes = content(size, static_cast<unsigned>(out.modules.size()));
  out.asked.modules->push_back(
      {.size = size, .crc32 = conform::crc32(bytes), .command_line = std::move(command_line)});
  out.modules.push_back(std::move(bytes));
}

void add_modules(Work& out, unsigned count) {
  static constexpr std::array<std::size_t, 3> kSizes{70000, 1, 5000};
  // The first is what any producer calls its initial RAM disk, and has no words of its own.
  for (unsigned i = 0; i < count; ++i)
    add_module(out, kSizes.at(i % kSizes.size()),
               i == 0 ? std::nullopt : std::optional(fmt::format("words of module {}", i)));
}

/// Words, so that it is a command line; each its own, so that a cut or a swap is seen.
std::string long_line(std::size_t length) {
  std::string out;
  for (unsigned i = 0; out.size() < length; ++i) out += fmt::format("word{}={} ", i, i);
  out.resize(length);
  out.back() = 'x';
  return out;
}

Work with_guest(std::string name, Clause about, Guest guest, std::string kernel) {
  Work out = work(std::move(name), about);
  out.guest = guest;
  out.asked.kernel = std::move(kernel);
  return out;
}

Work not_bootable(std::string name, Clause about, Guest guest, std::string kernel) {
  Work out = with_guest(std::move(name), about, guest, std::move(kernel));
  out.asked.bootable = false;
  return out;
}

void add_note_cases(std::vector<Work>& out) {
  const auto add = [&out](auto... parts) { out.push_back(with_guest(parts...)); };
  const auto add_bad = [&out](auto... parts) { out.push_back(not_bootable(parts...)); };
  add("another's note 18", Clause::kNote1, Guest::kForeignNote, "probe, foreign note first");
  add("4-byte descriptor", Clause::kNote2, Guest::kShortNote, "probe, 4-byte note");
  add_bad("12-byte descriptor", Clause::kNote2, Guest::kLongNote, "probe, 12-byte note");
  add_bad("entry above 4 GiB", Clause::kNote2, Guest::kWideValue, "probe, an entry of 33 bits");
  add_bad("entry in no segment", Clause::kNote2, Guest::kEntryOutside, "probe, its entry at 64 MiB");
  add("8-aligned notes", Clause::kNote3, Guest::kAlignedNotes, "probe, 8-aligned notes");
  add("p_align 0", Clause::kNote3, Guest::kUnalignedNotes, "probe, PT_NOTE of p_align 0");
  add("p_align 1", Clause::kNote3, Guest::kByteNotes, "probe, PT_NOTE of p_align 1");
  add("two note segments", Clause::kNote4, Guest::kTwoSegments, "probe, two PT_NOTE");
  add("note in a section", Clause::kNote4, Guest::kSectionNote, "probe, SHT_NOTE and no PT_NOTE");
  add_bad("two notes that disagree", Clause::kNote4, Guest::kDisagreeing, "probe, two entry notes");
  add("e_entry 0", Clause::kNote5, Guest::kNoEntry, "probe, e_entry 0");
  add("ELF32", Clause::kNote5, Guest::kProbe32, "probe32");
  add_bad("ELF64 of EM_386", Clause::kNote5, Guest::kWrongMachine64, "probe, EM_386");
  add_bad("ELF32 of EM_X86_64", Clause::kNote5, Guest::kWrongMachine32, "probe32, EM_X86_64");
  add("at 1 GiB in 128 MiB, with note 19", Clause::kNote6, Guest::kFarMovable,
      "probe, linked at 1 GiB, can be moved");
  add("at 1 GiB in 128 MiB, without", Clause::kPlace2, Guest::kFarFixed,
      "probe, linked at 1 GiB, cannot be moved");
  out.back().asked.fits = false;
}

std::vector<Work> short_matrix() {
  std::vector<Work> out;
  out.push_back(work("plain", Clause::kStart1));
  out.push_back(with_guest("registers at the entry", Clause::kNone, Guest::kStops, "ud2"));
  out.push_back(work("64 MiB, one module", Clause::kStart6, 64));
  add_modules(out.back(), 1);
  out.push_back(work("5 GiB", Clause::kMap5, 5120));
  out.push_back(work("three modules", Clause::kStart6));
  add_modules(out.back(), 3);
  out.push_back(work("no command line", Clause::kStart5));
  out.back().asked.command_line = "";
  out.push_back(work("command line of 5000", Clause::kStart5));
  out.back().asked.command_line = long_line(5000);
  out.push_back(work("no ACPI", Clause::kStart7));
  out.back().asked.acpi = false;
  out.push_back(work("2 CPUs", Clause::kNone));
  out.back().asked.cpus = 2;
  out.push_back(work("300 map entries", Clause::kMap4));
  out.back().asked.map_entries = 300;
  out.back().extra_ranges = 150;
  out.push_back(work("20 MiB of module in 16 MiB", Clause::kPlace2, 16));
  out.back().asked.fits = false;
  add_module(out.back(), 20 * kMiB);
  out.push_back(with_guest("24 MiB of bss, 16 MiB of module in 40 MiB", Clause::kPlace2, Guest::kLargeBss,
                           "probe, 24 MiB of bss"));
  out.back().asked.memory = 40 * kMiB;
  out.back().asked.fits = false;
  add_module(out.back(), 16 * kMiB);
  add_note_cases(out);
  return out;
}

/// Memory by modules by command lines; ACPI and CPUs change from one to the next.
void add_product(std::vector<Work>& out) {
  static constexpr std::array<std::uint64_t, 6> kMemory{64, 128, 512, 3072, 4096, 5120};
  static constexpr std::array<unsigned, 3> kModules{0, 1, 12};
  static constexpr std::array<std::size_t, 4> kLengths{0, 20, 4096, 65535};
  unsigned number = 0;
  for (const std::uint64_t memory : kMemory) {
    for (const unsigned modules : kModules) {
      for (const std::size_t length : kLengths) {
        const bool acpi = number % 3 != 0;
        const unsigned cpus = number % 2 + 1;
        ++number;
        Work one = work(fmt::format("{} MiB, {} modules, command line of {}, {}, {} CPU", memory, modules,
                                    length, acpi ? "ACPI" : "no ACPI", cpus),
                        length > 100 ? Clause::kStart5 : Clause::kStart1, memory);
        one.asked.acpi = acpi;
        one.asked.cpus = cpus;
        one.asked.command_line = length == 0 ? "" : long_line(length);
        add_modules(one, modules);
        out.push_back(std::move(one));
      }
    }
  }
}

}  // namespace

std::vector<Work> matrix(Matrix which) {
  std::vector<Work> out = short_matrix();
  if (which == Matrix::kFull) add_product(out);
  for (Work& one : out) describe(one.guest, one.asked);
  return out;
}

std::chrono::milliseconds limit_of(const Work& work, const Options& options) {
  constexpr std::size_t kDoubles = 16 * kKiB;
  // Who does not refuse it starts it somewhere, and where nothing runs there is nothing to wait for.
  if (work.guest == Guest::kLargeBss) return options.limit / 3;
  if (!work.asked.bootable || !work.asked.fits || work.guest == Guest::kFarMovable) return options.limit / 8;
  return options.limit + options.limit * work.asked.command_line->size() / kDoubles;
}

}  // namespace pvh::runners
