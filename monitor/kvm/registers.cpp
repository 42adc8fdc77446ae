#include "registers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pvh::kvm {

namespace {

/// A guest with more CPUs than this gets the first ones: the rest says the same.
constexpr std::size_t kMostCpus = 8;

/// The longest instruction has 15 bytes.
constexpr std::size_t kCodeBytes = 16;

using Out = std::back_insert_iterator<std::string>;

void add_segment(Out out, const char* name, const kvm_segment& segment) {
  const unsigned attributes = segment.type | segment.s << 4U | segment.dpl << 5U | segment.present << 7U |
                              segment.avl << 12U | segment.l << 13U | segment.db << 14U | segment.g << 15U;
  fmt::format_to(out, "{:<3}={:04x} base {:016x} limit {:08x} attributes {:04x}{}\n", name, segment.selector,
                 segment.base, segment.limit, attributes, segment.unusable != 0 ? " unusable" : "");
}

void add_general(Out out, const kvm_regs& r) {
  fmt::format_to(out, "RAX={:016x} RBX={:016x} RCX={:016x} RDX={:016x}\n", r.rax, r.rbx, r.rcx, r.rdx);
  fmt::format_to(out, "RSI={:016x} RDI={:016x} RBP={:016x} RSP={:016x}\n", r.rsi, r.rdi, r.rbp, r.rsp);
  if ((r.r8 | r.r9 | r.r10 | r.r11 | r.r12 | r.r13 | r.r14 | r.r15) == 0) return;
  fmt::format_to(out, "R8 ={:016x} R9 ={:016x} R10={:016x} R11={:016x}\n", r.r8, r.r9, r.r10, r.r11);
  fmt::format_to(out, "R12={:016x} R13={:016x} R14={:016x} R15={:016x}\n", r.r12, r.r13, r.r14, r.r15);
}

void add_system(Out out, const kvm_sregs& s) {
  add_segment(out, "CS", s.cs);
  add_segment(out, "SS", s.ss);
  add_segment(out, "DS", s.ds);
  add_segment(out, "ES", s.es);
  add_segment(out, "FS", s.fs);
  add_segment(out, "GS", s.gs);
  add_segment(out, "TR", s.tr);
  fmt::format_to(out, "GDT={:016x} limit {:04x}  IDT={:016x} limit {:04x}\n", s.gdt.base, s.gdt.limit,
                 s.idt.base, s.idt.limit);
  fmt::format_to(out, "CR0={:08x} CR2={:016x} CR3={:016x} CR4={:08x} EFER={:x}\n", s.cr0, s.cr2, s.cr3, s.cr4,
                 s.efer);
}

void add_code(Out out, const Vcpu& cpu, std::uint64_t linear, const GuestMemory& memory) {
  const auto physical = cpu.translate(linear);
  const Bytes code = physical ? memory.read(*physical, kCodeBytes) : Bytes();
  fmt::format_to(out, "code {:016x}:", linear);
  if (code.empty()) fmt::format_to(out, " not in memory");
  for (const std::byte byte : code) fmt::format_to(out, " {:02x}", std::to_integer<unsigned>(byte));
  fmt::format_to(out, "\n");
}

}  // namespace

std::string readable_registers(std::span<const Vcpu> cpus, const GuestMemory* memory) {
  std::string text;
  const Out out(text);
  std::size_t shown = 0;
  for (const Vcpu& cpu : cpus) {
    if (!cpu.started()) continue;
    const auto general = cpu.registers();
    const auto system = cpu.special_registers();
    if (!general || !system) continue;
    if (++shown > kMostCpus) break;
    fmt::format_to(out, "CPU {}: RIP={:016x} RFLAGS={:08x}\n", cpu.id(), general->rip, general->rflags);
    add_general(out, *general);
    add_system(out, *system);
    if (memory != nullptr) add_code(out, cpu, system->cs.base + general->rip, *memory);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace pvh::kvm
