#include "pvh/launch/engine_choice.hpp"

#include <gtest/gtest.h>

namespace pvh::launch {
namespace {

TEST(EngineChoice, IsKvmOnlyWhereHardwareIsBehindIt) {
  EXPECT_EQ(choose_engine(Engine::kAuto, {}, kvm::Host::kReady).engine, Engine::kKvm);
  for (const auto host : {kvm::Host::kMissing, kvm::Host::kForbidden, kvm::Host::kSoftware})
    EXPECT_EQ(choose_engine(Engine::kAuto, {}, host).engine, Engine::kQemu);
}

TEST(EngineChoice, IsQemuForWhatOurMachineHasNot) {
  MachineOptions without_acpi;
  without_acpi.acpi = false;
  EXPECT_EQ(choose_engine(Engine::kAuto, without_acpi, kvm::Host::kReady).engine, Engine::kQemu);
}

TEST(EngineChoice, IsTheUsersWhereTheUserNamedOne) {
  const EngineChoice choice = choose_engine(Engine::kKvm, {}, kvm::Host::kMissing);
  EXPECT_EQ(choice.engine, Engine::kKvm);
  EXPECT_EQ(choice.why, ChoiceReason::kAsked);
}

TEST(EngineChoice, SaysWhy) {
  EXPECT_EQ(choose_engine(Engine::kAuto, {}, kvm::Host::kReady).why, ChoiceReason::kHardware);
  EXPECT_EQ(choose_engine(Engine::kAuto, {}, kvm::Host::kMissing).why, ChoiceReason::kNoKvm);
  EXPECT_EQ(choose_engine(Engine::kAuto, {}, kvm::Host::kForbidden).why, ChoiceReason::kForbidden);
  EXPECT_EQ(choose_engine(Engine::kAuto, {}, kvm::Host::kSoftware).why, ChoiceReason::kSoftwareKvm);
}

}  // namespace
}  // namespace pvh::launch
