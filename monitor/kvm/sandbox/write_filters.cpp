// Run by the build: writes the lists of calls.hpp as programs for the kernel's filter. To make them takes
// libseccomp longer than the monitor has for its whole start.

#include <linux/filter.h>
#include <seccomp.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calls.hpp"

namespace {

using pvh::kvm::sandbox::Allowed;
using pvh::kvm::sandbox::Condition;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

bool add(const Filter& filter, const Allowed& allowed) {
  const int number = seccomp_syscall_resolve_name(std::string(allowed.call).c_str());
  std::vector<scmp_arg_cmp> conditions;
  conditions.reserve(allowed.conditions.size());
  for (const Condition& condition : allowed.conditions) {
    conditions.push_back({.arg = condition.argument,
                          .op = SCMP_CMP_MASKED_EQ,
                          .datum_a = condition.mask,
                          .datum_b = condition.value});
  }
  return number != __NR_SCMP_ERROR &&
         seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, number,
                                static_cast<unsigned>(conditions.size()), conditions.data()) == 0;
}

/// The kernel's instructions for `list`; nothing where libseccomp refused one of its lines.
std::optional<std::vector<sock_filter>> compile(const std::vector<Allowed>& list) {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  // A tree, not a row: as it sets a filter up, the kernel tries it with every system call that there is.
  constexpr std::uint32_t kTree = 2;
  if (!filter || seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
      seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, kTree) != 0)
    return std::nullopt;
  for (const Allowed& allowed : list) {
    if (add(filter, allowed)) continue;
    std::fprintf(stderr, "libseccomp refuses: %s\n", std::string(allowed.call).c_str());
    return std::nullopt;
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  if (!file || seccomp_export_bpf(filter.get(), ::fileno(file.get())) != 0 ||
      std::fseek(file.get(), 0, SEEK_SET) != 0)
    return std::nullopt;
  std::vector<sock_filter> program;
  sock_filter instruction;
  while (std::fread(&instruction, sizeof instruction, 1, file.get()) == 1) program.push_back(instruction);
  return program;
}

bool write(std::ofstream& out, const char* name, std::vector<Allowed> list) {
  for (Allowed& allowed : pvh::kvm::sandbox::for_every_thread()) list.push_back(std::move(allowed));
  const auto program = compile(list);
  if (!program) return false;
  out << "inline constexpr std::array<sock_filter, " << program->size() << "> " << name << "{{\n";
  for (const sock_filter& each : *program)
    out << "    {" << each.code << ", " << unsigned{each.jt} << ", " << unsigned{each.jf} << ", " << each.k
        << "U},\n";
  out << "}};\n";
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  std::ofstream out(arguments[1]);
  out << "// Made by write_filters from sandbox/calls.hpp.\n#pragma once\n\n#include "
         "<linux/filter.h>\n\n#include <array>\n\n"
         "namespace pvh::kvm::sandbox {\n\n";
  if (!write(out, "kCpuFilter", pvh::kvm::sandbox::for_cpu()) ||
      !write(out, "kDevicesFilter", pvh::kvm::sandbox::for_devices()) ||
      !write(out, "kSupervisorFilter", pvh::kvm::sandbox::for_supervisor()))
    return 1;
  out << "\n}  // namespace pvh::kvm::sandbox\n";
  return out.flush() ? 0 : 1;
}
