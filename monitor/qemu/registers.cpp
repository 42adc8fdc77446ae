#include "registers.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace pvh::qemu {

namespace {

/// A guest with more CPUs than this gets the first ones: the rest says the same.
constexpr std::size_t kMostCpus = 8;

constexpr std::array<std::string_view, 5> kLeftOut{"DR", "FCW", "FPR", "XMM", "CC"};

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

struct Cpu {
  std::string lines;
  bool halted = false;
};

std::vector<Cpu> split(std::string_view registers) {
  std::vector<Cpu> cpus;
  while (!registers.empty()) {
    const std::string_view line = take_line(registers);
    if (line.empty()) continue;
    if (line.starts_with("CPU#") || cpus.empty()) cpus.emplace_back();
    if (std::ranges::any_of(kLeftOut, [&](std::string_view start) { return line.starts_with(start); }))
      continue;
    if (line.contains("HLT=1")) cpus.back().halted = true;
    cpus.back().lines.append(line).push_back('\n');
  }
  return cpus;
}

}  // namespace

std::string readable_registers(std::string_view registers, std::string_view code) {
  const std::vector<Cpu> cpus = split(registers);
  const bool all_halted = std::ranges::all_of(cpus, &Cpu::halted);
  std::string out;
  std::size_t shown = 0;
  for (const Cpu& cpu : cpus) {
    // A CPU that waits for its start or for an interrupt did not do it.
    if (cpu.halted && !all_halted) continue;
    if (++shown > kMostCpus) break;
    out += cpu.lines;
  }
  if (cpus.size() == 1) {
    while (!code.empty())
      if (const auto line = take_line(code); !line.empty()) out.append("code ").append(line).push_back('\n');
  }
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace pvh::qemu
