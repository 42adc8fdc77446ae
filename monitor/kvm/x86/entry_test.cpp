// The state of the first CPU as KVM has it, before the first instruction.
#include "x86/entry.hpp"

#include <gtest/gtest.h>

#include "first_steps.hpp"
#include "pvh/boot/entry_state.hpp"
#include "pvh/kvm/kvm.hpp"
#include "system.hpp"

namespace pvh::kvm {
namespace {

const boot::EntryState kState = boot::entry_state(GuestAddress{0x1000200}, GuestAddress{0x9000});

class Entry : public ::testing::Test {
 protected:
  void SetUp() override {
    if (host() == Host::kMissing) GTEST_SKIP() << "there is no /dev/kvm here";
    if (host() == Host::kForbidden) GTEST_SKIP() << "/dev/kvm may not be opened";
    const FirstSteps steps = take_first_steps();
    ASSERT_EQ(steps.failed, FirstStep::kDone);
    UniqueFd machine(steps.vm);
    UniqueFd first(steps.cpu);
    const auto system = System::adopt(UniqueFd(steps.system));
    ASSERT_TRUE(system);
    const auto vm = system->adopt_vm(std::move(machine));
    ASSERT_TRUE(vm);
    auto cpu = vm->adopt_vcpu(std::move(first), 0);
    ASSERT_TRUE(cpu);
    ASSERT_TRUE(enter(*cpu, kState));
    const auto special = cpu->special_registers();
    const auto general = cpu->registers();
    ASSERT_TRUE(special && general);
    special_ = *special;
    general_ = *general;
  }

  kvm_sregs special_{};
  kvm_regs general_{};
};

/// What a flat 32-bit segment is, whatever its selector.
void expect_flat(const kvm_segment& segment, unsigned type, const char* name) {
  EXPECT_EQ(segment.base, 0U) << name;
  EXPECT_EQ(segment.limit, 0xffffffffU) << name;
  EXPECT_EQ(segment.type, type) << name;
  EXPECT_EQ(segment.s, 1) << name << " is code or data";
  EXPECT_EQ(segment.dpl, 0) << name;
  EXPECT_EQ(segment.present, 1) << name;
  EXPECT_EQ(segment.db, 1) << name << " has 32 bits";
  EXPECT_EQ(segment.g, 1) << name << " counts its limit in pages";
  EXPECT_EQ(segment.l, 0) << name;
  EXPECT_EQ(segment.unusable, 0) << name;
}

TEST_F(Entry, EbxPointsAtTheStartInfo) {
  EXPECT_EQ(general_.rbx, 0x9000U) << "CPU-1";
  EXPECT_EQ(general_.rip, 0x1000200U);
}

TEST_F(Entry, OnlyProtectionIsOn) {
  EXPECT_EQ(special_.cr0, 0x11U) << "CPU-2";
  EXPECT_EQ(special_.cr4, 0U) << "CPU-2";
  EXPECT_EQ(special_.efer, 0U) << "CPU-2";
}

TEST_F(Entry, CodeAndDataAreFlat) {
  constexpr unsigned kExecuteRead = 0xb;  // accessed, as a CPU that loaded it has it
  constexpr unsigned kReadWrite = 0x3;
  expect_flat(special_.cs, kExecuteRead, "cs");
  expect_flat(special_.ds, kReadWrite, "ds");
  expect_flat(special_.es, kReadWrite, "es");
  expect_flat(special_.ss, kReadWrite, "ss");
}

TEST_F(Entry, TheTaskIsAnActive32BitOne) {
  EXPECT_EQ(special_.tr.base, 0U) << "CPU-4";
  EXPECT_EQ(special_.tr.limit, 0x67U) << "CPU-4";
  EXPECT_EQ(special_.tr.type, 0xbU) << "CPU-4: busy 32-bit TSS";
  EXPECT_EQ(special_.tr.s, 0) << "CPU-4";
  EXPECT_EQ(special_.tr.present, 1) << "CPU-4";
  EXPECT_EQ(special_.tr.g, 0) << "CPU-4";
  EXPECT_EQ(special_.tr.unusable, 0) << "CPU-4";
}

TEST_F(Entry, NoFlagIsSetThatTheContractWantsClear) {
  EXPECT_EQ(general_.rflags, 0x2U) << "CPU-5";
}

TEST_F(Entry, TheTableLiesInTheFirmwaresPlaceAndEndsWithTheLastDescriptor) {
  EXPECT_EQ(special_.gdt.base, kDescriptorTable.value());
  EXPECT_EQ(special_.gdt.limit, boot::descriptor_table(kState).size() - 1);
}

}  // namespace
}  // namespace pvh::kvm
