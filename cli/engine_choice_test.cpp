#include "engine_choice.hpp"

#include <gtest/gtest.h>

namespace pvh::cli {
namespace {

TEST(EngineChoice, IsKvmOnlyWhereHardwareIsBehindIt) {
  EXPECT_EQ(choose_engine({}, kvm::Host::kReady).engine, Engine::kKvm);
  for (const auto host : {kvm::Host::kMissing, kvm::Host::kForbidden, kvm::Host::kSoftware})
    EXPECT_EQ(choose_engine({}, host).engine, Engine::kQemu);
}

TEST(EngineChoice, IsQemuForWhatOurMachineHasNot) {
  MachineOptions without_acpi;
  without_acpi.acpi = false;
  EXPECT_EQ(choose_engine(without_acpi, kvm::Host::kReady).engine, Engine::kQemu);
}

TEST(EngineChoice, SaysWhy) {
  for (const auto host :
       {kvm::Host::kReady, kvm::Host::kMissing, kvm::Host::kForbidden, kvm::Host::kSoftware})
    EXPECT_FALSE(choose_engine({}, host).why.empty());
}

}  // namespace
}  // namespace pvh::cli
