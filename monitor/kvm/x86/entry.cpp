#include "x86/entry.hpp"

namespace pvh::kvm {

namespace {

constexpr std::uint8_t bits(std::uint16_t word, unsigned shift, unsigned count) {
  return static_cast<std::uint8_t>(word >> shift & ((1U << count) - 1));
}

}  // namespace

kvm_segment segment(const boot::SegmentState& state) {
  const std::uint16_t attributes = state.attributes;
  kvm_segment out{};
  out.base = state.base;
  out.limit = state.limit;
  out.selector = state.selector;
  out.type = bits(attributes, 0, 4);
  out.s = bits(attributes, 4, 1);
  out.dpl = bits(attributes, 5, 2);
  out.present = bits(attributes, 7, 1);
  out.avl = bits(attributes, 12, 1);
  out.l = bits(attributes, 13, 1);
  out.db = bits(attributes, 14, 1);
  out.g = bits(attributes, 15, 1);
  return out;
}

kvm_sregs special_registers(const boot::EntryState& state, const kvm_sregs& reset) {
  kvm_sregs out = reset;
  out.cs = segment(state.cs);
  // fs and gs too: left as at reset they are no valid protected-mode segments.
  out.ds = out.es = out.ss = out.fs = out.gs = segment(state.data);
  out.tr = segment(state.tr);
  out.gdt.base = kDescriptorTable.value();
  out.gdt.limit = static_cast<std::uint16_t>(boot::descriptor_table(state).size() - 1);
  out.cr0 = state.cr0;
  out.cr4 = state.cr4;
  out.cr3 = 0;
  out.efer = 0;
  return out;
}

kvm_regs registers(const boot::EntryState& state) {
  kvm_regs out{};
  out.rip = state.eip;
  out.rbx = state.ebx;
  out.rflags = state.eflags;
  out.rax = state.open.eax;
  out.rcx = state.open.ecx;
  out.rdx = state.open.edx;
  out.rsp = state.open.esp;
  out.rbp = state.open.ebp;
  out.rsi = state.open.esi;
  out.rdi = state.open.edi;
  return out;
}

Result<void> enter(Vcpu& cpu, const boot::EntryState& state) {
  const auto reset = cpu.special_registers();
  if (!reset) return std::unexpected(reset.error());
  if (auto set = cpu.set_special_registers(special_registers(state, *reset)); !set) return set;
  return cpu.set_registers(registers(state));
}

}  // namespace pvh::kvm
